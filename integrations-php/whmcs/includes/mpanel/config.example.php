<?php

// Copy this file to config.php beside it. Both values are on the page of the provider in mPanel.

return [
    'url' => 'https://panel.example.com/api/webhooks/whmcs?provider=…',
    'secret' => '',
];
