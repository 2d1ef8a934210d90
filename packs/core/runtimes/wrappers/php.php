<?php
// Starts a PHP action. PHP reads this before the entry point (auto_prepend_file), so that the program is the action's
// own, and again after it (auto_append_file): then `function run(…)` (or FUNCTION) gets the parameters by name. Without
// it a file is a plain script. Usage: php -dauto_prepend_file=… -dauto_append_file=… ENTRY_POINT [FUNCTION]. PHP 8.0+.
if (isset($GLOBALS['__attune'])) return AttuneAction::call();

final class AttuneAction {
    private static string $function;
    private static ?array $document = null;
    private static $memory;

    static function begin(): void {
        self::$function = $GLOBALS['argv'][1] ?? '';
        $GLOBALS['argv'] = $_SERVER['argv'] = [$GLOBALS['argv'][0]];
        $GLOBALS['argc'] = $_SERVER['argc'] = 1;
        set_exception_handler([self::class, 'report']);
    }

    static function input(): array { // late: a plain script reads STDIN itself
        if (self::$document === null) {
            self::offerAgain($data = file_get_contents('php://stdin'));
            self::$document = json_decode($data === '' ? '{}' : $data, true)
                ?? throw new TypeError('run(), get_secret() and get_context() need JSON (parameter_format: json)');
        }
        return self::$document;
    }

    private static function offerAgain(string $data): void { // on descriptor 0, from memory: it may hold secrets
        $mask = umask(0077);
        fclose(STDIN); // so that the next file gets the number 0
        self::$memory = fopen($name = '/dev/shm/attune-' . bin2hex(random_bytes(16)), 'x+');
        umask($mask);
        unlink($name);
        fwrite(self::$memory, $data);
        rewind(self::$memory);
    }

    static function call(): void {
        if (self::$function === '' && !function_exists('run')) return;
        $result = (self::$function ?: 'run')(...(self::input()['parameters'] ?? []));
        $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION;
        $text = json_encode($result, $flags);
        if ($text === false) throw new TypeError('the returned value is not JSON: ' . json_last_error_msg());
        file_put_contents('php://fd/' . (getenv('ATTUNE_RESULT_FD') ?: 1), $text);
    }

    static function report(Throwable $error): void {
        $trace = get_class($error) . ": {$error->getMessage()} in {$error->getFile()}:{$error->getLine()}\n";
        foreach ($error->getTrace() as $frame)
            if (($frame['file'] ?? __FILE__) !== __FILE__) // the author's own frames only
                $trace .= "  {$frame['function']}() called at {$frame['file']}:{$frame['line']}\n";
        file_put_contents('php://stderr', $trace);
        $facts = ['type' => get_class($error), 'message' => $error->getMessage(), 'traceback' => $trace];
        $text = json_encode($facts, JSON_INVALID_UTF8_SUBSTITUTE);
        if ($descriptor = getenv('ATTUNE_ERROR_FD')) file_put_contents("php://fd/$descriptor", $text);
        exit(1);
    }
}

if ($__attune = true) { // declared when they are reached, since this file is read twice
    function get_secret(string $name): mixed { return AttuneAction::input()['secrets'][$name] ?? null; }
    function get_context(): array { return AttuneAction::input()['context'] ?? []; }
    AttuneAction::begin();
}
