<?php

namespace WHMCS\Mpanel;

use WHMCS\Database\Capsule;

/**
 * What mPanel is to be told, kept in a table until it was taken: whoever waits for WHMCS does not wait for mPanel, and what could
 * not be sent is sent again by the cron of WHMCS.
 */
class Outbox
{
    private const TABLE = 'mod_mpanel_outbox';
    private const ANSWER_SECONDS = 5;
    /** At the end of a request, when its visitor has been answered. */
    private const AT_ONCE = 5;
    private const AGAIN_SECONDS = [60, 300, 1800, 3600];

    /** @var string */
    private $url;
    /** @var string */
    private $secret;
    /** @var bool */
    private $waits = false;

    public function __construct(string $url, string $secret)
    {
        $this->url = $url;
        $this->secret = $secret;
    }

    /** Null when it is not set up: then nothing happens at all. */
    public static function configured(string $file): ?self
    {
        $config = is_file($file) ? require $file : null;
        $url = is_array($config) ? (string) ($config['url'] ?? '') : '';
        $secret = is_array($config) ? (string) ($config['secret'] ?? '') : '';
        if ($url === '' || strlen($secret) < 24) {
            return null;
        }
        return new self($url, $secret);
    }

    /**
     * Never disturbs what WHMCS is doing: a message that is lost is made good by mPanel, which reads everything once a day.
     *
     * @param array<string, mixed> $vars what the hook was given; of it numbers are taken, and nothing else
     */
    public function add(string $event, array $vars): void
    {
        $about = self::about($vars);
        if ($about === []) {
            return;
        }
        try {
            $this->requireTable();
            $body = ['id' => bin2hex(random_bytes(16)), 'event' => $event, 'at' => time()] + $about;
            Capsule::table(self::TABLE)->insert(['body' => json_encode($body), 'tries' => 0, 'due' => time()]);
        } catch (\Throwable $failure) {
            self::log($failure->getMessage());
            return;
        }
        if (!$this->waits) {
            $this->waits = true;
            register_shutdown_function(function (): void {
                $this->waits = false;
                if (function_exists('fastcgi_finish_request')) {
                    fastcgi_finish_request();
                }
                $this->deliver(self::AT_ONCE);
            });
        }
    }

    /** @return int how many were taken */
    public function deliver(int $atMost): int
    {
        $taken = 0;
        try {
            $this->requireTable();
            $rows = Capsule::table(self::TABLE)->where('due', '<=', time())->orderBy('id')->limit($atMost)->get();
            foreach ($rows as $row) {
                if (!$this->claim($row)) {
                    continue;
                }
                // One that is not taken is one too many already: the others wait for the next time.
                if (!$this->send((string) $row->body)) {
                    break;
                }
                Capsule::table(self::TABLE)->where('id', '=', $row->id)->delete();
                $taken++;
            }
        } catch (\Throwable $failure) {
            self::log($failure->getMessage());
        }
        return $taken;
    }

    /**
     * @param array<string, mixed> $vars
     * @return array<string, int>
     */
    private static function about(array $vars): array
    {
        $params = isset($vars['params']) && is_array($vars['params']) ? $vars['params'] : [];
        $found = [
            'invoice' => (int) ($vars['invoiceid'] ?? 0),
            'service' => (int) ($vars['serviceid'] ?? $params['serviceid'] ?? 0),
            'client' => (int) ($vars['client_id'] ?? $vars['clientid'] ?? $vars['userid'] ?? $params['userid'] ?? 0),
        ];
        return array_filter($found);
    }

    /** Whoever sends at the same time finds it claimed; should this one die, it is due again later. */
    private function claim(object $row): bool
    {
        $wait = self::AGAIN_SECONDS[min((int) $row->tries, count(self::AGAIN_SECONDS) - 1)];
        $change = ['tries' => (int) $row->tries + 1, 'due' => time() + $wait];
        return Capsule::table(self::TABLE)->where('id', '=', $row->id)->where('tries', '=', $row->tries)->update($change) === 1;
    }

    private function send(string $body): bool
    {
        $at = time();
        $signature = hash_hmac('sha256', "$at.$body", $this->secret);
        $call = curl_init($this->url);
        curl_setopt_array($call, [
            CURLOPT_POST => true,
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => ['Content-Type: application/json', "X-Mpanel-Signature: t=$at,v1=$signature"],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT => self::ANSWER_SECONDS,
            CURLOPT_TIMEOUT => self::ANSWER_SECONDS,
            CURLOPT_FOLLOWLOCATION => false,
        ]);
        curl_exec($call);
        $status = (int) curl_getinfo($call, CURLINFO_RESPONSE_CODE);
        $fault = curl_error($call);
        curl_close($call);
        if ($status === 200) {
            return true;
        }
        self::log($status === 0 ? "mPanel does not answer: $fault" : "mPanel answered $status");
        return false;
    }

    private function requireTable(): void
    {
        if (Capsule::schema()->hasTable(self::TABLE)) {
            return;
        }
        Capsule::schema()->create(self::TABLE, static function ($table): void {
            $table->increments('id');
            $table->text('body');
            $table->integer('tries');
            $table->integer('due');
        });
    }

    private static function log(string $message): void
    {
        if (function_exists('logActivity')) {
            logActivity("mPanel hook: $message");
        }
    }
}
