# SPDX-License-Identifier: GPL-2.0-only
# What is handed out: a Debian package, a tarball, the list of what is inside. Same sources, same bytes.

export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
DEB_ARCH := $(shell dpkg --print-architecture 2>/dev/null || echo amd64)
DEB := $(OUTPUT)/ebpf-tracer_$(VERSION)_$(DEB_ARCH).deb
TARBALL := $(OUTPUT)/ebpf-tracer-$(VERSION)-$(DEB_ARCH).tar.gz

deb: all ## build a Debian package (build/ebpf-tracer_VERSION_ARCH.deb)
	$(Q)rm -rf $(OUTPUT)/deb
	$(Q)$(MAKE) install DESTDIR=$(CURDIR)/$(OUTPUT)/deb PREFIX=/usr >/dev/null
	$(Q)packaging/deb.sh $(OUTPUT)/deb $(VERSION) $(DEB_ARCH) $(DEB)

tarball: all ## the same as an archive to be unpacked over /
	$(Q)rm -rf $(OUTPUT)/tar
	$(Q)$(MAKE) install DESTDIR=$(CURDIR)/$(OUTPUT)/tar >/dev/null
	$(Q)strip --strip-unneeded $(OUTPUT)/tar$(PREFIX)/bin/ebpf-tracer
	$(Q)tar -C $(OUTPUT)/tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$(SOURCE_DATE_EPOCH) -cf - . | \
		gzip -9n >$(TARBALL)
	@echo $(TARBALL)

sbom: all ## what the program is linked with, as SPDX (build/ebpf-tracer.spdx.json)
	$(Q)$(PYTHON) packaging/sbom.py $(OUTPUT)/ebpf-tracer $(VERSION) $(COMMIT) >$(OUTPUT)/ebpf-tracer.spdx.json
	@echo $(OUTPUT)/ebpf-tracer.spdx.json

reproducible: ## build twice in different folders and compare
	$(Q)tests/package/reproducible.sh

deb-test: deb ## install, upgrade and remove the package in a bare Debian 12 (needs debootstrap)
	$(Q)OUTPUT=$(OUTPUT) tests/package/bare.sh $(DEB)

.PHONY: deb tarball sbom reproducible deb-test
