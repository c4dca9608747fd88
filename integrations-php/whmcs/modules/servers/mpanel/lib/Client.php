<?php

namespace WHMCS\Module\Server\Mpanel;

/** An answer of mPanel that is no success, or none at all. The message is for people. */
class Failure extends \Exception
{
}

/**
 * The calls of mPanel's integration API. Every one of them may be repeated without doing anything twice (some under a name for
 * that one intention), so one that brought no answer is asked again.
 */
class Client
{
    private const CONNECT_SECONDS = 10;
    private const ANSWER_SECONDS = 30;
    private const ATTEMPTS = 3;

    /** @var string */
    private $base;
    /** @var string */
    private $key;
    /** @var callable */
    private $log;

    /** @param callable $log function (string $call, string $sent, string $answered): void */
    public function __construct(string $base, string $key, callable $log)
    {
        $this->base = $base;
        $this->key = $key;
        $this->log = $log;
    }

    /** @param array<string, mixed> $params as WHMCS gives them to every function of a module */
    public static function of(array $params, callable $log): self
    {
        $host = trim((string) ($params['serverhostname'] ?? '')) ?: trim((string) ($params['serverip'] ?? ''));
        $key = trim(html_entity_decode((string) ($params['serverpassword'] ?? ''), ENT_QUOTES));
        if ($host === '') {
            throw new Failure('The server has no hostname: enter that of mPanel in WHMCS, Servers.');
        }
        if ($key === '') {
            throw new Failure('The server has no password: enter an API key of mPanel there.');
        }
        $secure = !empty($params['serversecure']);
        if (!$secure && !in_array($host, ['127.0.0.1', '::1', 'localhost'], true)) {
            throw new Failure('Tick "Use SSL" for the server: the API key must not travel unencrypted.');
        }
        $port = (int) ($params['serverport'] ?? 0);
        $at = strpos($host, ':') !== false && $host[0] !== '[' ? "[$host]" : $host;
        return new self(($secure ? 'https' : 'http') . "://$at" . ($port > 0 ? ":$port" : ''), $key, $log);
    }

    /** @return array<string, mixed> */
    public function get(string $path): array
    {
        return $this->send('GET', $path, null);
    }

    /**
     * @param array<string, mixed> $body
     * @return array<string, mixed>
     */
    public function put(string $path, array $body): array
    {
        return $this->send('PUT', $path, $body);
    }

    /**
     * @param array<string, mixed> $body
     * @param string $once a name for this one intention, where the call itself could be done twice
     * @return array<string, mixed>
     */
    public function post(string $path, array $body = [], string $once = ''): array
    {
        return $this->send('POST', $path, $body, $once);
    }

    /**
     * Every item of a list, page by page.
     * @return \Generator<int, array<string, mixed>>
     */
    public function all(string $path): \Generator
    {
        $cursor = null;
        do {
            $page = $this->get($path . '?limit=200' . ($cursor === null ? '' : '&cursor=' . rawurlencode($cursor)));
            foreach ($page['items'] ?? [] as $item) {
                yield $item;
            }
            $cursor = $page['nextCursor'] ?? null;
        } while ($cursor !== null);
    }

    /**
     * @param array<string, mixed>|null $body
     * @return array<string, mixed>
     */
    private function send(string $method, string $path, ?array $body, string $once = ''): array
    {
        $sent = $body === null ? '' : json_encode((object) $body, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE);
        for ($attempt = 1; ; $attempt++) {
            [$status, $answered, $fault] = $this->call($method, $path, $sent, $once);
            ($this->log)("$method $path", $sent, $fault === '' ? "$status $answered" : $fault);
            $again = $fault !== '' || $status === 429 || $status >= 502;
            if (!$again || $attempt === self::ATTEMPTS) {
                break;
            }
            usleep($attempt * 500000);
        }
        if ($fault !== '') {
            throw new Failure("mPanel does not answer at {$this->base}: $fault. Run this again: nothing is done twice.");
        }
        $answer = json_decode($answered, true);
        if ($status >= 200 && $status < 300 && is_array($answer)) {
            return $answer;
        }
        throw new Failure(self::reason($status, is_array($answer) ? $answer : []));
    }

    /** @return array{0: int, 1: string, 2: string} status, body, and why there is none */
    private function call(string $method, string $path, string $sent, string $once): array
    {
        $curl = curl_init($this->base . $path);
        $headers = ['Accept: application/json', 'Authorization: Bearer ' . $this->key];
        if ($sent !== '') {
            $headers[] = 'Content-Type: application/json';
        }
        if ($once !== '') {
            $headers[] = 'Idempotency-Key: ' . $once;
        }
        curl_setopt_array($curl, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            // Another address would be given the key.
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
            CURLOPT_CONNECTTIMEOUT => self::CONNECT_SECONDS,
            CURLOPT_TIMEOUT => self::ANSWER_SECONDS,
        ]);
        if ($sent !== '') {
            curl_setopt($curl, CURLOPT_POSTFIELDS, $sent);
        }
        $answered = curl_exec($curl);
        $fault = $answered === false ? curl_error($curl) : '';
        $status = (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        curl_close($curl);
        return [$status, $answered === false ? '' : (string) $answered, $fault];
    }

    /** @param array<string, mixed> $problem */
    private static function reason(int $status, array $problem): string
    {
        if (!isset($problem['detail'])) {
            return "mPanel answered $status without saying why. Is the address that of mPanel?";
        }
        $fields = [];
        foreach ($problem['errors'] ?? [] as $error) {
            $fields[] = trim($error['path'] . ': ' . $error['message'], ': ');
        }
        return 'mPanel: ' . $problem['detail'] . ($fields ? ' (' . implode('; ', $fields) . ')' : '');
    }
}
