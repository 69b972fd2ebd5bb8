<?php // The rig's application for PHP. What it has to do is said in ../../README.md.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$body = 'hello';
if ($path === '/refuse') {
    http_response_code(403);
    $body = 'refused';
} elseif ($path === '/large') {
    $body = str_repeat('large ', 5000);
} elseif ($path === '/order') {
    $length = strlen(file_get_contents('php://input'));
    file_put_contents(getenv('RIG_JOURNAL'), $_SERVER['HTTP_X_ID'] . "\n", FILE_APPEND);
    $body = "order $length";
}
if (isset($_GET['ms'])) usleep($_GET['ms'] * 1000);
header('Content-Type: text/plain');
header('Content-Length: ' . strlen($body));
echo $body;
