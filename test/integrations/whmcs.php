<?php

// Calls one function of the provisioning module as WHMCS does, and prints what it gave back, logged and wrote. WHMCS itself is
// not here: what the module uses of it are the few functions below, named as its developer documentation names them.

namespace WHMCS\Database {
    class Capsule
    {
        /** @var array<int, array<string, mixed>> */
        public static $written = [];
        private $table;
        private $where = [];

        public static function table(string $name): self
        {
            $query = new self();
            $query->table = $name;
            return $query;
        }

        public function where(string $column, $value): self
        {
            $this->where[$column] = $value;
            return $this;
        }

        public function update(array $values): int
        {
            self::$written[] = ['table' => $this->table, 'where' => $this->where, 'values' => $values];
            return 1;
        }
    }
}

namespace {
    error_reporting(E_ALL);
    set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
        throw new ErrorException($message, 0, $level, $file, $line);
    });
    define('WHMCS', true);
    $logged = [];
    $called = [];

    function logModuleCall($module, $action, $request, $response, $processed, $secrets): void
    {
        global $logged;
        $mask = static function ($text) use ($secrets) {
            return str_replace($secrets, array_fill(0, count($secrets), '********'), (string) $text);
        };
        $logged[] = ['module' => $module, 'action' => $action, 'request' => $mask($request), 'response' => $mask($response)];
    }

    function localAPI(string $action, array $values): array
    {
        global $called;
        $called[] = ['action' => $action, 'values' => $values];
        return ['result' => 'success'];
    }

    $asked = json_decode(stream_get_contents(STDIN), true);
    if (!empty($asked['admin'])) {
        define('ADMINAREA', true);
    }
    require __DIR__ . '/../../integrations-php/whmcs/modules/servers/mpanel/mpanel.php';
    try {
        $result = ('mpanel_' . $asked['function'])($asked['params'] ?? []);
    } catch (Throwable $thrown) {
        $result = ['thrown' => $thrown->getMessage()];
    }
    echo json_encode([
        'result' => $result,
        'logged' => $logged,
        'called' => $called,
        'written' => WHMCS\Database\Capsule::$written,
    ]);
}
