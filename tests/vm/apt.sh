# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced. apt_below DIR SUITE ARCHITECTURE    lets this machine's apt serve another Debian: with its own settings and its
# own mirror, but with lists, cache and sources below DIR, which must be absolute. Nothing of this machine changes.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

apt_below() {
	local dir=$1 suite=$2 arch=$3 mirror signed=
	mkdir -p "$dir/parts" "$dir/lists/partial" "$dir/cache/archives/partial"
	# shellcheck disable=SC1091 # what Debian release this machine is; its mirror has the others too
	mirror=$(. /etc/os-release && tests/bare/apt_sources.py --mirror "$VERSION_CODENAME")
	[ ! -e $keyring ] || signed=signed-by=$keyring
	echo "deb [target=Packages $signed] $mirror $suite main" >"$dir/sources.list"
	: >"$dir/status"
	cat >"$dir/apt.conf" <<-EOF
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "$dir/parts";
		Dir::Etc::Preferences "$dir/preferences";
		Dir::Etc::PreferencesParts "$dir/parts";
		Dir::State "$dir";
		Dir::State::Lists "$dir/lists";
		Dir::State::Status "$dir/status";
		Dir::Cache "$dir/cache";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "";
		APT::Update::Post-Invoke { "true"; };
	EOF
	export APT_CONFIG=$dir/apt.conf
	apt-get -q update
}

# debian_arch MACHINE    what Debian calls it
debian_arch() {
	case $1 in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) echo "$1" ;;
	esac
}
