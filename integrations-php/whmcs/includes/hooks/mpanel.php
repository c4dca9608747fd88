<?php

// Tells mPanel that something has changed in WHMCS: only what kind of thing and its number, never what is in it. mPanel then reads
// it by the API. Copied to includes/hooks; its settings are in includes/mpanel/config.php.

if (!defined('WHMCS')) {
    die('This file cannot be accessed directly');
}

require_once __DIR__ . '/../mpanel/Outbox.php';

(static function (): void {
    $outbox = \WHMCS\Mpanel\Outbox::configured(__DIR__ . '/../mpanel/config.php');
    if ($outbox === null) {
        return;
    }
    $points = [
        'ClientAdd',
        'ClientEdit',
        'ClientClose',
        'InvoiceCreated',
        'InvoicePaid',
        'InvoiceUnpaid',
        'InvoiceCancelled',
        'InvoiceRefunded',
        'AddInvoicePayment',
        'ServiceEdit',
        'ServiceDelete',
        'AfterModuleCreate',
        'AfterModuleSuspend',
        'AfterModuleUnsuspend',
        'AfterModuleTerminate',
        'AfterModuleChangePackage',
    ];
    foreach ($points as $point) {
        add_hook($point, 1, static function ($vars) use ($outbox, $point) {
            $outbox->add($point, is_array($vars) ? $vars : []);
        });
    }
    add_hook('AfterCronJob', 1, static function () use ($outbox) {
        $outbox->deliver(500);
    });
})();
