<div class="panel panel-default card mb-3">
  <div class="panel-body card-body">
    {if $mpanelError}
      <p>{$mpanelError|escape}</p>
    {else}
      <p>{$mpanelStatement|escape}</p>
      <dl class="row">
        <dt class="col-sm-4">Host name</dt>
        <dd class="col-sm-8">{$mpanelHostname|escape}</dd>
        <dt class="col-sm-4">Addresses</dt>
        <dd class="col-sm-8">{foreach $mpanelAddresses as $address}{$address|escape}<br>{/foreach}</dd>
        <dt class="col-sm-4">Size</dt>
        <dd class="col-sm-8">{$mpanelSize|escape}</dd>
        <dt class="col-sm-4">Traffic this month</dt>
        <dd class="col-sm-8">{$mpanelTraffic|escape}</dd>
      </dl>
    {/if}
  </div>
</div>
