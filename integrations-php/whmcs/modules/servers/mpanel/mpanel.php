<?php

/**
 * WHMCS provisioning module: sells CloudPods of mPanel. See README.md beside this file.
 *
 * Every function that does something answers "success" only when mPanel has proven that it was done; else the reason, or that it
 * is still being worked on. All of them may be run again: mPanel does nothing twice for the same service.
 */

if (!defined('WHMCS')) {
    die('This file cannot be accessed directly');
}

require_once __DIR__ . '/lib/Client.php';
require_once __DIR__ . '/lib/Service.php';

use WHMCS\Module\Server\Mpanel\Client;
use WHMCS\Module\Server\Mpanel\Failure;
use WHMCS\Module\Server\Mpanel\Service;

function mpanel_MetaData()
{
    return [
        'DisplayName' => 'mPanel',
        'APIVersion' => '1.1',
        'RequiresServer' => true,
        'DefaultNonSSLPort' => '8080',
        'DefaultSSLPort' => '443',
        'ServiceSingleSignOnLabel' => 'Open in mPanel',
        'ListAccountsUniqueIdentifierDisplayName' => 'Domain',
        'ListAccountsUniqueIdentifierField' => 'domain',
        'ListAccountsProductField' => 'configoption1',
    ];
}

function mpanel_ConfigOptions()
{
    return [
        'Plan' => [
            'Type' => 'text',
            'Size' => '40',
            'Loader' => 'mpanel_LoadPlans',
            'SimpleMode' => true,
            'Description' => 'Size, traffic and speed of the pod',
        ],
        'Blueprint' => [
            'Type' => 'text',
            'Size' => '40',
            'Loader' => 'mpanel_LoadBlueprints',
            'SimpleMode' => true,
            'Description' => 'What is installed',
        ],
        'Region' => ['Type' => 'text', 'Size' => '20', 'Description' => 'Empty: wherever there is room'],
        'Domain suffix' => [
            'Type' => 'text',
            'Size' => '30',
            'Description' => 'For orders without a domain: vps + number of the service + this, such as vps12.example.com',
        ],
        'Restart on change' => [
            'Type' => 'yesno',
            'Description' => 'Restart a running pod when it would have a changed size only then',
        ],
        'Seconds to wait' => [
            'Type' => 'text',
            'Size' => '5',
            'Default' => '50',
            'Description' => 'For mPanel to finish; after that WHMCS is told to run it again',
        ],
    ];
}

/** @return array<string, string> by id; WHMCS shows the message of an exception */
function mpanel_LoadPlans(array $params)
{
    return mpanel_choices($params, '/api/admin/billing/plans', static function (array $plan): string {
        return "{$plan['name']}: {$plan['cores']} cores, {$plan['memoryMb']} MiB, {$plan['diskGb']} GiB";
    });
}

function mpanel_LoadBlueprints(array $params)
{
    return mpanel_choices($params, '/api/admin/provisioning/blueprints', static function (array $blueprint): string {
        return $blueprint['name'];
    });
}

function mpanel_choices(array $params, string $path, callable $label): array
{
    $choices = [];
    foreach (mpanel_client($params, 'Load')->all($path) as $item) {
        if ($item['state'] === 'active') {
            $choices[$item['id']] = $label($item);
        }
    }
    return $choices;
}

function mpanel_CreateAccount(array $params)
{
    return mpanel_try($params, 'CreateAccount', static function (Client $client) use ($params): void {
        $client->put(Service::path($params), Service::order($params));
        // One that was suspended while it was made is there as well.
        $service = mpanel_wait($client, $params, ['active', 'suspending', 'suspended']);
        mpanel_write($params, $service);
    });
}

function mpanel_ChangePackage(array $params)
{
    return mpanel_try($params, 'ChangePackage', static function (Client $client) use ($params): void {
        $client->put(Service::path($params), Service::order($params));
        mpanel_wait($client, $params, ['active', 'suspending', 'suspended', 'unsuspending']);
    });
}

function mpanel_SuspendAccount(array $params)
{
    return mpanel_try($params, 'SuspendAccount', static function (Client $client) use ($params): void {
        $reason = html_entity_decode((string) ($params['suspendreason'] ?? ''), ENT_QUOTES | ENT_HTML5);
        $client->post(Service::path($params, 'suspend'), ['reason' => Service::cut(trim($reason), 300)]);
        mpanel_wait($client, $params, ['suspended']);
    });
}

function mpanel_UnsuspendAccount(array $params)
{
    return mpanel_try($params, 'UnsuspendAccount', static function (Client $client) use ($params): void {
        $client->post(Service::path($params, 'unsuspend'));
        mpanel_wait($client, $params, ['active']);
    });
}

function mpanel_TerminateAccount(array $params)
{
    return mpanel_try($params, 'TerminateAccount', static function (Client $client) use ($params): void {
        $client->post(Service::path($params, 'terminate'));
        mpanel_wait($client, $params, ['terminated', 'failed']);
    });
}

/** What a customer may do with the server, as buttons of its page; staff have the same. */
function mpanel_ClientAreaCustomButtonArray()
{
    return ['Start' => 'start', 'Shut down' => 'shutdown', 'Restart' => 'reboot'];
}

function mpanel_AdminCustomButtonArray()
{
    return mpanel_ClientAreaCustomButtonArray();
}

function mpanel_start(array $params)
{
    return mpanel_power($params, 'start', 'running');
}

function mpanel_shutdown(array $params)
{
    return mpanel_power($params, 'shutdown', 'stopped');
}

function mpanel_reboot(array $params)
{
    return mpanel_power($params, 'reboot', 'running');
}

function mpanel_power(array $params, string $action, string $wanted): string
{
    return mpanel_try($params, $action, static function (Client $client) use ($params, $action, $wanted): void {
        $path = Service::path($params);
        // A second click, or a request that is repeated because its answer got lost, finds it under way or done.
        $service = $client->get($path);
        if ($service['state'] !== 'active') {
            throw new Failure('mPanel: ' . $service['statement']);
        }
        if ($action === 'reboot' || $service['powerState'] !== $wanted) {
            $client->post("$path/power", ['action' => $action], mpanel_once());
        }
        $service = mpanel_poll($client, $params, static function (array $service): bool {
            return $service['action'] === null;
        });
        if ($service['powerState'] !== $wanted) {
            throw new Failure('mPanel: ' . $service['statement']);
        }
    });
}

/** A name for one intention: repeated under it, a request does nothing more. */
function mpanel_once(): string
{
    return bin2hex(random_bytes(16));
}

function mpanel_TestConnection(array $params)
{
    $result = mpanel_try($params, 'TestConnection', static function (Client $client) use ($params): void {
        Service::prefix($params);
        $client->get(Service::PATH . '?limit=1');
    });
    return $result === 'success' ? ['success' => true, 'error' => ''] : ['success' => false, 'error' => $result];
}

/** Once a day for each server. How much of its disk a guest has filled is not known: only the limit is written. */
function mpanel_UsageUpdate(array $params)
{
    return mpanel_try($params, 'UsageUpdate', static function (Client $client) use ($params): void {
        foreach (mpanel_services($client, $params) as $service) {
            $usage = $service['usage'];
            \WHMCS\Database\Capsule::table('tblhosting')
                ->where('server', (int) $params['serverid'])
                ->where('id', (int) $service['serviceId'])
                ->update([
                    'disklimit' => $usage['diskGb'] * 1024,
                    'bwusage' => mpanel_mebibytes($usage['bytesIn'] + $usage['bytesOut']),
                    'bwlimit' => mpanel_mebibytes($usage['includedBytes'] ?? 0),
                    'lastupdate' => date('Y-m-d H:i:s'),
                ]);
        }
    });
}

/** For the server's synchronisation. */
function mpanel_ListAccounts(array $params)
{
    $gone = ['terminating', 'terminated', 'failed'];
    $accounts = [];
    $result = mpanel_try($params, 'ListAccounts', static function (Client $client) use ($params, $gone, &$accounts): void {
        foreach (mpanel_services($client, $params) as $service) {
            if (in_array($service['state'], $gone, true)) {
                continue;
            }
            $accounts[] = [
                'email' => $service['customerEmail'] ?? '',
                'username' => 'vps' . $service['serviceId'],
                'domain' => $service['hostname'],
                'uniqueIdentifier' => $service['hostname'],
                'product' => $service['plan']['id'],
                'primaryip' => $service['addresses'][0] ?? '',
                'created' => date('Y-m-d H:i:s', strtotime($service['createdAt'])),
                'status' => in_array($service['state'], ['suspending', 'suspended'], true) ? 'Suspended' : 'Active',
            ];
        }
    });
    return $result === 'success' ? ['success' => true, 'accounts' => $accounts] : ['success' => false, 'error' => $result];
}

/** The pod's page, where who works at mPanel logs in. The customers of WHMCS have no log-in there, so they are not sent. */
function mpanel_ServiceSingleSignOn(array $params)
{
    if (!defined('ADMINAREA')) {
        return ['success' => false, 'errorMsg' => 'mPanel has no log-in for customers: what there is to see is on this page.'];
    }
    $to = '';
    $result = mpanel_try($params, 'ServiceSingleSignOn', static function (Client $client) use ($params, &$to): void {
        $to = $client->get(Service::path($params))['staffUrl'];
    });
    return $result === 'success' ? ['success' => true, 'redirectTo' => $to] : ['success' => false, 'errorMsg' => $result];
}

function mpanel_AdminServicesTabFields(array $params)
{
    $fields = [];
    $result = mpanel_try($params, 'AdminServicesTabFields', static function (Client $client) use ($params, &$fields): void {
        $service = $client->get(Service::path($params));
        $asked = $service['asked'];
        $fields = [
            'mPanel' => mpanel_html($service['state'] . ': ' . $service['statement']),
            'Addresses' => mpanel_html(implode(', ', $service['addresses'])),
            'Size' => mpanel_html(mpanel_size($service)),
            'Traffic' => mpanel_html(mpanel_traffic($service)),
            'Last change' => mpanel_html($asked['outcome'] . ($asked['problem'] ? ': ' . $asked['problem'] : '')),
            'Pod' => '<a href="' . mpanel_html($service['staffUrl']) . '" target="_blank" rel="noopener noreferrer">' .
                mpanel_html($service['hostname']) . '</a> ' . mpanel_html('(' . $service['externalKey'] . ')'),
        ];
    });
    return $result === 'success' ? $fields : ['mPanel' => mpanel_html($result)];
}

function mpanel_ClientArea(array $params)
{
    $shown = ['mpanelError' => ''];
    $result = mpanel_try($params, 'ClientArea', static function (Client $client) use ($params, &$shown): void {
        $service = $client->get(Service::path($params));
        $shown = [
            'mpanelError' => '',
            'mpanelStatement' => $service['statement'],
            'mpanelHostname' => $service['hostname'],
            'mpanelAddresses' => $service['addresses'],
            'mpanelSize' => mpanel_size($service),
            'mpanelTraffic' => mpanel_traffic($service),
        ];
    });
    if ($result !== 'success') {
        // What was wrong is in the module log: it may name what customers are not told.
        $shown = ['mpanelError' => 'The state of the server cannot be shown at the moment.'];
    }
    return ['tabOverviewModuleOutputTemplate' => 'templates/overview.tpl', 'templateVariables' => $shown];
}

/** Runs one function of the module. @return string "success", or the reason */
function mpanel_try(array $params, string $action, callable $work): string
{
    try {
        $work(mpanel_client($params, $action));
        return 'success';
    } catch (Failure $failure) {
        return $failure->getMessage();
    } catch (\Throwable $fault) {
        mpanel_log($params, $action, '', get_class($fault) . ': ' . $fault->getMessage());
        return 'The mPanel module has failed: ' . get_class($fault) . '. The module log says more.';
    }
}

function mpanel_client(array $params, string $action): Client
{
    return Client::of($params, static function (string $call, string $sent, string $answered) use ($params, $action): void {
        mpanel_log($params, $action, "$call\n$sent", $answered);
    });
}

/** To the module log of WHMCS, without the API key. */
function mpanel_log(array $params, string $action, string $sent, string $answered): void
{
    if (function_exists('logModuleCall')) {
        $secrets = array_filter([(string) ($params['serverpassword'] ?? ''), (string) ($params['password'] ?? '')]);
        logModuleCall('mpanel', $action, $sent, $answered, '', array_values($secrets));
    }
}

/**
 * Waits until mPanel has proven one of the states, and that what was asked for is done.
 * @return array<string, mixed> the service
 */
function mpanel_wait(Client $client, array $params, array $states): array
{
    return mpanel_poll($client, $params, static function (array $service) use ($states): bool {
        return mpanel_reached($service, $states);
    });
}

/** Asks again and again until it is so. @return array<string, mixed> the service */
function mpanel_poll(Client $client, array $params, callable $isSo): array
{
    $seconds = max(1, min(600, (int) (($params['configoption6'] ?? '') ?: 50)));
    if (function_exists('set_time_limit')) {
        @set_time_limit($seconds + 120);
    }
    $end = microtime(true) + $seconds;
    $pause = 250000;
    while (true) {
        $service = $client->get(Service::path($params));
        if ($isSo($service)) {
            return $service;
        }
        if (microtime(true) > $end) {
            throw new Failure("mPanel is still working on it: {$service['statement']} Run this again in a minute: nothing is done twice.");
        }
        usleep($pause);
        $pause = min(2000000, (int) ($pause * 1.5));
    }
}

/** Whether a service has one of the states, and what was asked for last is done. */
function mpanel_reached(array $service, array $states): bool
{
    $isThere = in_array($service['state'], $states, true);
    $isGone = in_array($service['state'], ['failed', 'terminated', 'terminating'], true);
    if ($isGone && !in_array('terminated', $states, true)) {
        throw new Failure('mPanel: ' . $service['statement']);
    }
    if (!$isThere || $isGone) {
        return $isThere;
    }
    if ($service['asked']['outcome'] === 'failed') {
        throw new Failure('mPanel could not do it: ' . ($service['asked']['problem'] ?: $service['statement']));
    }
    return $service['asked']['outcome'] === 'done';
}

/** Name and addresses, as WHMCS shows them and puts them into its mails. */
function mpanel_write(array $params, array $service): void
{
    if (!function_exists('localAPI')) {
        return;
    }
    $addresses = $service['addresses'];
    $change = [
        'serviceid' => (int) $params['serviceid'],
        'domain' => $service['hostname'],
        'dedicatedip' => $addresses[0] ?? '',
        'assignedips' => implode("\n", array_slice($addresses, 1)),
    ];
    $answer = localAPI('UpdateClientProduct', $change);
    if (($answer['result'] ?? '') !== 'success') {
        mpanel_log($params, 'UpdateClientProduct', json_encode($change), json_encode($answer));
    }
}

/** What this WHMCS sells; others may sell in the same tenant. */
function mpanel_services(Client $client, array $params): \Generator
{
    $prefix = Service::prefix($params);
    foreach ($client->all(Service::PATH) as $service) {
        if (strpos($service['externalKey'], $prefix) === 0) {
            yield $service;
        }
    }
}

function mpanel_mebibytes($bytes): int
{
    return (int) ceil($bytes / 1048576);
}

function mpanel_size(array $service): string
{
    return "{$service['plan']['name']}: {$service['cores']} cores, {$service['memoryMb']} MiB memory, {$service['diskGb']} GiB disk";
}

function mpanel_traffic(array $service): string
{
    $usage = $service['usage'];
    $used = number_format(($usage['bytesIn'] + $usage['bytesOut']) / 1e9, 1) . ' GB';
    return $usage['includedBytes'] === null ? $used : $used . ' of ' . number_format($usage['includedBytes'] / 1e9) . ' GB';
}

function mpanel_html($text): string
{
    return htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}
