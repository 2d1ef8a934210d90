# Starts a Ruby action: a top-level `def run(…)` (or FUNCTION) gets the parameters as keywords; a file without it is a
# plain script. Usage: ruby.rb ENTRY_POINT [FUNCTION]. Ruby 2.7+, its standard library only.
require "json"

module AttuneAction
  GUARD = /^\s*(if|unless)\b.*(__FILE__\s*[!=]=\s*\$(0|PROGRAM_NAME)|\$(0|PROGRAM_NAME)\s*[!=]=\s*__FILE__)/.freeze

  def self.start(path, function)
    data = take_input
    Object.define_method(:get_secret) { |name| AttuneAction.parse(data).fetch("secrets", {})[name.to_s] }
    Object.define_method(:get_context) { AttuneAction.parse(data).fetch("context", {}) }
    ARGV.clear
    $PROGRAM_NAME = path
    $stdout.sync = true
    load path
    main = TOPLEVEL_BINDING.receiver
    return if function.empty? && (!main.respond_to?(:run, true) || File.binread(path).match?(GUARD))

    parameters = parse(data).fetch("parameters", {}).transform_keys(&:to_sym)
    give_result(main.send(function.empty? ? :run : function, **parameters))
  end

  def self.take_input # all of it; descriptor 0 offers it again, from memory because it may hold secrets
    data = $stdin.read.force_encoding("UTF-8")
    memory = File.open("/dev/shm", File::RDWR | File::TMPFILE, 0o600)
    memory.write(data)
    memory.rewind
    $stdin.reopen(memory)
    data
  end

  def self.parse(data) # late: a script may ask for YAML
    @parse ||= data.empty? ? {} : JSON.parse(data)
  rescue JSON::ParserError
    raise TypeError, "run, get_secret and get_context need the input as JSON (parameter_format: json)"
  end

  def self.give_result(result)
    text = JSON.generate(result)
    IO.open(Integer(ENV.fetch("ATTUNE_RESULT_FD", "1")), "wb") { |file| file.write(text) }
  rescue JSON::JSONError => error
    raise TypeError, "the returned value is not JSON: #{error.message}"
  end

  def self.report(error)
    frames = (error.backtrace || []).reject { |line| line.start_with?(__FILE__) } # the author's own only
    callers = frames.drop(1).map { |line| "\tfrom #{line}\n" }.join
    traceback = "#{frames[0]}: #{error.message} (#{error.class})\n#{callers}"
    $stderr.write(traceback)
    return unless ENV.key?("ATTUNE_ERROR_FD")

    facts = { type: error.class.name, message: error.message, traceback: traceback }
    text = JSON.generate(facts.transform_values { |value| value.to_s.scrub })
    IO.open(Integer(ENV["ATTUNE_ERROR_FD"]), "wb") { |file| file.write(text) }
  end
end

begin
  AttuneAction.start(ARGV[0], ARGV[1].to_s)
rescue SystemExit, SignalException
  raise
rescue Exception => error # rubocop:disable Lint/RescueException - a syntax error is none of StandardError
  AttuneAction.report(error)
  exit!(1)
end
