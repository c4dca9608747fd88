<?php

// Fires hooks of WHMCS as a request of it would, and prints what is left and was logged. WHMCS itself is not here: what the hook
// file uses of it are the few functions below, named as its developer documentation names them.

namespace WHMCS\Database {
    class Capsule
    {
        /** @var array<int, \stdClass>|null */
        public static $rows = null;
        private $where = [];
        private $most = PHP_INT_MAX;

        public static function schema(): object
        {
            return new class {
                public function hasTable(string $name): bool
                {
                    return Capsule::$rows !== null;
                }

                public function create(string $name, callable $columns): void
                {
                    $columns(new class {
                        public function __call(string $name, array $arguments): self
                        {
                            return $this;
                        }
                    });
                    Capsule::$rows = [];
                }
            };
        }

        public static function table(string $name): self
        {
            return new self();
        }

        public function where(string $column, string $how, $value): self
        {
            $this->where[] = [$column, $how, $value];
            return $this;
        }

        public function orderBy(string $column): self
        {
            return $this;
        }

        public function limit(int $most): self
        {
            $this->most = $most;
            return $this;
        }

        public function insert(array $values): void
        {
            $id = count(self::$rows) === 0 ? 1 : max(array_keys(self::$rows)) + 1;
            self::$rows[$id] = (object) (['id' => $id] + $values);
        }

        public function get(): array
        {
            return array_map(static function ($row) {
                return clone $row;
            }, array_slice($this->found(), 0, $this->most));
        }

        public function update(array $values): int
        {
            $found = $this->found();
            foreach ($found as $row) {
                foreach ($values as $name => $value) {
                    $row->$name = $value;
                }
            }
            return count($found);
        }

        public function delete(): void
        {
            foreach ($this->found() as $row) {
                unset(self::$rows[$row->id]);
            }
        }

        private function found(): array
        {
            return array_values(array_filter(self::$rows, function ($row): bool {
                foreach ($this->where as [$column, $how, $value]) {
                    if (!($how === '=' ? $row->$column == $value : $row->$column <= $value)) {
                        return false;
                    }
                }
                return true;
            }));
        }
    }
}

namespace {
    error_reporting(E_ALL);
    set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
        throw new ErrorException($message, 0, $level, $file, $line);
    });
    define('WHMCS', true);
    $hooks = [];
    $logged = [];

    function add_hook(string $point, int $priority, callable $hook): void
    {
        global $hooks;
        $hooks[$point][] = $hook;
    }

    function logActivity(string $message): void
    {
        global $logged;
        $logged[] = $message;
    }

    $asked = json_decode(stream_get_contents(STDIN), true);
    require $asked['folder'] . '/includes/hooks/mpanel.php';
    foreach ($asked['fire'] as [$point, $vars]) {
        foreach ($hooks[$point] ?? [] as $hook) {
            $hook($vars);
        }
    }
    register_shutdown_function(static function (): void {
        global $logged, $hooks;
        $rows = \WHMCS\Database\Capsule::$rows ?? [];
        echo json_encode(['left' => array_values($rows), 'logged' => $logged, 'points' => array_keys($hooks)]);
    });
}
