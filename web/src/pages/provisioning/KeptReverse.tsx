import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import type { IpPool } from '../../api/provisioning.ts'
import {
  applyReverseZones,
  keepReverseZones,
  keptReverseQuery,
  letGoReverseZones,
  type KeptReverseZones,
} from '../../api/reverseZones.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { DELEGATION_WORDS } from '../../lib/domainWords.ts'
import { count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { toast } from '../../ui/Toast.tsx'

type Zone = KeptReverseZones['zones'][number]
type Name = KeptReverseZones['names'][number]

const zoneColumns: Column<Zone>[] = [
  {
    header: t`Zone`,
    render: ({ name, network, delegation, error, differing }) => (
      <span className="break-words">
        <span className="font-mono text-[13px] break-all">{name.slice(0, -1)}</span>
        <span className="block text-[13px] text-muted">{network}</span>
        <span className="block text-[13px] sm:hidden">{DELEGATION_WORDS[delegation][1]}</span>
        {differing > 0 && (
          <span className="block text-[13px]">
            The server has {count(differing, t`set`, t`sets`)} of records otherwise.
          </span>
        )}
        {error && <span className="block text-[13px]">{error}</span>}
      </span>
    ),
  },
  {
    header: t`Delegation`,
    from: 'sm',
    render: ({ delegation }) => DELEGATION_WORDS[delegation][1],
  },
  { header: t`State`, narrow: true, render: ({ state }) => <StateBadge of="zone" state={state} /> },
]

const hosts = (names: readonly string[]): string => names.map((name) => name.replace(/\.$/, '')).join(', ')

const failed = (title: string) => ({
  onError: (error: Error) => toast.failed(title, error.message),
})

/** The reverse zones of a pool on a DNS server of ours, and whether the world finds the names in them. */
export function KeptReverse({ pool, mayNot }: { pool: IpPool; mayNot: string | undefined }) {
  const query = useQuery(keptReverseQuery(pool.id))
  const [leaving, setLeaving] = useState(false)
  const keep = useSubmit({
    send: () => keepReverseZones(pool.id),
    onDone: () => toast.done(t`The reverse zones are kept here from now on`),
  })
  const apply = useSubmit({
    send: (_: undefined, key) => applyReverseZones(pool.id, key),
    onDone: () => toast.done(t`The zones are brought to their server again`),
  })
  const server = query.data?.server ?? null
  return (
    <Card
      flush
      title="Reverse DNS"
      actions={
        query.data &&
        (server ? (
          <>
            <Button
              size="sm"
              disabledReason={mayNot}
              loading={apply.isPending}
              onClick={() => apply.mutate(undefined, failed(t`The zones were not brought there`))}
            >
              Apply again
            </Button>
            <Button size="sm" variant="danger" disabledReason={mayNot} onClick={() => setLeaving(true)}>
              Keep no longer
            </Button>
          </>
        ) : (
          <Button
            size="sm"
            disabledReason={mayNot}
            loading={keep.isPending}
            onClick={() => keep.mutate(undefined, failed(t`The zones were not begun`))}
          >
            Keep the zones here
          </Button>
        ))
      }
    >
      <Loaded query={query} what="reverse DNS">
        {({ nameServers, zones, names }) => (
          <>
            {server ? (
              <p className="p-4 text-muted">
                {zones.some(({ name }) => name.includes('/'))
                  ? t`On ${server.name}. Whoever has given you the network delegates these zones to ${hosts(nameServers)}, and has a CNAME for each address that leads into the zone (RFC 2317).`
                  : t`On ${server.name}. Whoever has given you the network delegates these zones to ${hosts(nameServers)}.`}
              </p>
            ) : (
              <p className="p-4 text-muted">
                The reverse zones are not kept here: the names of addresses stand in the zone files below, for
                whoever runs them.
              </p>
            )}
            {zones.length > 0 && (
              <DataTable
                label="Kept reverse zones"
                rows={zones}
                rowKey={({ id }) => id}
                columns={zoneColumns}
              />
            )}
            {names.length > 0 && (
              <div className="border-t border-line">
                <Names names={names} />
              </div>
            )}
          </>
        )}
      </Loaded>
      <ConfirmDestroy
        open={leaving}
        onClose={() => setLeaving(false)}
        title="Keep the reverse zones no longer"
        name={pool.name}
        effect="The zones that no other pool needs are taken off their server: the addresses have no names any more."
        submitLabel="Keep no longer"
        send={() => letGoReverseZones(pool.id)}
        onDone={() => {
          setLeaving(false)
          toast.done(t`The reverse zones are taken off their server`)
        }}
      />
    </Card>
  )
}

function Names({ names }: { names: Name[] }) {
  const { tenant } = useSession()
  const columns: Column<Name>[] = [
    {
      header: t`Address`,
      render: ({ address, podId }) => (
        <Link
          className="font-mono text-[13px] break-all hover:underline"
          {...paths.cloudPod(tenant.slug, podId)}
        >
          {address}
        </Link>
      ),
    },
    {
      header: t`Name`,
      render: ({ name, message }) => (
        <span className="break-words">
          <span className="break-all">{name}</span>
          {message && <span className="block text-[13px] text-muted">{message}</span>}
        </span>
      ),
    },
    {
      header: t`Seen`,
      narrow: true,
      render: ({ state }) => <StateBadge of="reverseName" state={state} />,
    },
  ]
  return (
    <DataTable label="Names of addresses" rows={names} rowKey={({ address }) => address} columns={columns} />
  )
}
