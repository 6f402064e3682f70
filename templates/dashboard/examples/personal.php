<?php
$link = json_decode(<<<'JSON'
{{ v.body }}
JSON);
$link->token->clientId = 'customer-42';
$link->token->externalRef = 'order-1001';

$request = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => [
        'Authorization: Bearer ' . getenv('ENTRYPASS_KEY'),
        'Content-Type: application/json',
    ],
    'content' => json_encode($link),
]]);
$answer = file_get_contents('{{ v.base }}/api/v1/links', false, $request);
if ($answer === false) {
    exit(1);
}
echo json_decode($answer)->url, "\n";
