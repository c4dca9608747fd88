<?php

namespace WHMCS\Module\Server\Mpanel;

/** What WHMCS knows of a service, in the words of mPanel. */
class Service
{
    public const PATH = '/api/integrations/pods';

    /** Under which name mPanel knows what this WHMCS sells, all of it. */
    public static function prefix(array $params): string
    {
        $install = trim((string) ($params['serverusername'] ?? ''));
        if (!preg_match('/^[A-Za-z0-9][A-Za-z0-9_-]{0,29}$/', $install)) {
            throw new Failure(
                'Enter a short name of this WHMCS as the username of the server, such as "shop": letters, digits, hyphens. ' .
                'It tells its services from those of others and must never be changed.'
            );
        }
        return "whmcs:$install:";
    }

    public static function path(array $params, string $deed = ''): string
    {
        return self::PATH . '/' . rawurlencode(self::prefix($params) . (int) $params['serviceid']) . ($deed === '' ? '' : "/$deed");
    }

    /**
     * The body of the order. What the customer chooses (configurable options) goes before what the product says.
     * @return array<string, mixed>
     */
    public static function order(array $params): array
    {
        $chosen = $params['configoptions'] ?? [];
        $size = [];
        foreach (['cores', 'memoryMb', 'diskGb'] as $part) {
            if (!empty($chosen[$part])) {
                $size[$part] = (int) $chosen[$part];
            }
        }
        $keys = trim(html_entity_decode((string) ($params['customfields']['sshKey'] ?? ''), ENT_QUOTES));
        return [
            'source' => 'whmcs',
            'serviceId' => (string) (int) $params['serviceid'],
            'planId' => (string) (($chosen['plan'] ?? '') ?: ($params['configoption1'] ?? '')),
            'size' => (object) $size,
            'blueprintId' => (string) (($chosen['blueprint'] ?? '') ?: ($params['configoption2'] ?? '')),
            'hostname' => self::hostname($params),
            'sshKeys' => $keys === '' ? null : $keys,
            'region' => (($chosen['region'] ?? '') ?: trim((string) ($params['configoption3'] ?? ''))) ?: null,
            'customer' => self::customer($params),
            'reboot' => ($params['configoption5'] ?? '') === 'on',
        ];
    }

    /** The name that was ordered, or one made of the service's number. */
    public static function hostname(array $params): string
    {
        $ordered = strtolower(trim((string) ($params['domain'] ?? '')));
        if ($ordered !== '') {
            return $ordered;
        }
        $suffix = strtolower(trim((string) ($params['configoption4'] ?? ''), " \t."));
        return 'vps' . (int) $params['serviceid'] . ($suffix === '' ? '' : ".$suffix");
    }

    /** The first characters of a text, never half of one. */
    public static function cut(string $text, int $most): string
    {
        return preg_match('/^.{0,' . $most . '}/us', $text, $found) ? $found[0] : '';
    }

    /** @return array<string, mixed>|null */
    private static function customer(array $params): ?array
    {
        $client = $params['clientsdetails'] ?? [];
        $id = (int) ($client['userid'] ?? $client['id'] ?? $params['userid'] ?? 0);
        // WHMCS keeps texts with the entities of HTML.
        $text = static function (string $name) use ($client): string {
            return trim(html_entity_decode((string) ($client[$name] ?? ''), ENT_QUOTES | ENT_HTML5));
        };
        if ($id === 0 || $text('email') === '') {
            return null;
        }
        $company = $text('companyname');
        $name = trim($text('firstname') . ' ' . $text('lastname')) ?: $company ?: $text('email');
        $country = strtoupper($text('countrycode') ?: $text('country'));
        $country = preg_match('/^[A-Z]{2}$/', $country) ? $country : null;
        $address = [
            'kind' => 'billing',
            'line1' => $text('address1'),
            'line2' => $text('address2'),
            'city' => $text('city'),
            'region' => $text('fullstate') ?: $text('state'),
            'postalCode' => $text('postcode'),
            'country' => $country,
        ];
        $isWhole = $address['line1'] !== '' && $address['city'] !== '' && $country !== null;
        return [
            'ref' => self::prefix($params) . "client-$id",
            'kind' => $company === '' ? 'person' : 'company',
            'name' => self::cut($name, 200),
            'company' => $company === '' ? null : self::cut($company, 200),
            'email' => $text('email'),
            'country' => $country,
            'addresses' => $isWhole ? [$address] : [],
        ];
    }
}
