# The rig's application for Rack servers. What it has to do is said in ../../README.md.
application = lambda do |env|
  status, body = 200, 'hello'
  wait = env['QUERY_STRING'][/ms=(\d+)/, 1]
  case env['PATH_INFO']
  when '/refuse'
    status, body = 403, 'refused'
  when '/large'
    body = 'large ' * 5000
  when '/order'
    length = 0
    while (piece = env['rack.input'].read(65_536))
      length += piece.bytesize
    end
    File.open(ENV['RIG_JOURNAL'], 'a') { |journal| journal.write("#{env['HTTP_X_ID']}\n") }
    body = "order #{length}"
  end
  sleep(wait.to_i / 1000.0) if wait
  [status, { 'Content-Type' => 'text/plain', 'Content-Length' => body.bytesize.to_s }, [body]]
end
run application
