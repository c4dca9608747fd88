export const PODS = 20_000
export const NODES = 100
export const TOKEN = { id: 'mpanel@pve!panel', secret: 'bench-of-the-comparison' }

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0')

export const nodeOf = (index: number): string => `pve${index + 1}`
const podId = (index: number): string => `00000000-0000-7000-8000-${hex(index, 12)}`
const macOf = (index: number): string => `02:00:${hex(index, 8).toUpperCase().match(/../g)?.join(':')}`
const addressOf = (index: number): string => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
/** The first address of the pool is 10.0.1.0, so that none ends up on the gateway. */
const OFFSET = 256

/** The guest of a pod, exactly as it should be. */
export const guestConfigOf = (index: number) => ({
  vmid: 1_000 + index,
  name: `web-${index}`,
  config: {
    cores: '1',
    memory: '2048',
    onboot: '1',
    tags: 'mpanel',
    description: `mpanel:pod=${podId(index)};op=bench`,
    net0: `virtio=${macOf(index)},bridge=vmbr0,firewall=1`,
    ipconfig0: `ip=${addressOf(index + OFFSET)}/8,gw=10.0.0.1`,
    scsi0: `shared:vm-${1_000 + index}-disk-0,size=20G`,
    boot: 'order=scsi0',
  },
})

/** The pods of all guests, in one statement. */
export const podsSql = (cluster: { id: string }, tenantId: string): string => `
do $$
declare
  plan uuid := gen_random_uuid(); blueprint uuid := gen_random_uuid(); pool uuid := gen_random_uuid();
begin
  insert into nodes (id, cluster_id, name, status, cores, memory_mb, storage, disk_gb, created_at)
    select gen_random_uuid(), '${cluster.id}', 'pve' || i, 'online', 64, 1048576, 'shared', 10000, now()
    from generate_series(1, ${NODES}) i;
  insert into cloud_pod_plans (id, code, name, cores, memory_mb, disk_gb, created_at)
    values (plan, 'bench', 'Bench', 1, 2048, 20, now());
  insert into cloud_pod_blueprints (id, code, name, kind, created_at) values (blueprint, 'bench', 'Bench', 'vm', now());
  insert into ip_pools (id, cluster_id, name, network, gateway, range_start, range_end, bridge, created_at)
    values (pool, '${cluster.id}', 'bench', '10.0.0.0/8', '10.0.0.1', '10.0.1.0', '10.255.255.254', 'vmbr0', now());
  insert into cloud_pods (id, tenant_id, hostname, kind, plan_id, blueprint_id, cores, memory_mb, disk_gb, cluster_id,
      node_id, vmid, mac, state, power_state, power_checked_at, created_at, updated_at)
    select ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, '${tenantId}', 'web-' || i, 'vm', plan, blueprint,
      1, 2048, 20, '${cluster.id}', (select id from nodes where cluster_id = '${cluster.id}' and name = 'pve' || (i % ${NODES} + 1)),
      1000 + i, ('02:00:' || regexp_replace(lpad(to_hex(i), 8, '0'), '(..)(..)(..)(..)', '\\1:\\2:\\3:\\4'))::macaddr,
      'active', 'running', now(), now(), now()
    from generate_series(0, ${PODS - 1}) i;
  insert into ip_addresses (pool_id, address, tenant_id, state, pod_id, created_at)
    select pool, '10.0.1.0'::inet + (vmid - 1000), tenant_id, 'assigned', id, now() from cloud_pods;
end $$`
