<?php

function run(string $name, array $numbers): array
{
    $token = get_secret('example_token');

    return [
        'greeting' => "Hello, $name!",
        'sum' => array_sum($numbers),
        'numbers' => $numbers,
        'is_first' => get_context()['attempt'] === 1,
        'token_length' => $token === null ? null : strlen($token),
    ];
}
