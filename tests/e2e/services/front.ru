# SPDX-License-Identifier: GPL-2.0-only
# The front of the link tests on Rack, for Puma: a pool of threads, each with a connection of its own to the backend.
require 'net/http'
require 'securerandom'

backend = URI(ENV.fetch('BACKEND'))
truth = File.open(ENV.fetch('TRUTH', '/dev/null'), 'a')
truth.sync = true

run lambda { |env|
  token = SecureRandom.hex(8)
  truth.syswrite("#{env['PATH_INFO'].delete_prefix('/work/')} #{token}\n")
  kept = Thread.current[:backend] ||= Net::HTTP.start(backend.host, backend.port)
  answer = kept.get("/data/#{token}").body
  [200, { 'Content-Type' => 'text/plain', 'Content-Length' => answer.bytesize.to_s }, [answer]]
}
