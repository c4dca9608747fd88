import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  freeIpAddress,
  ipAddressesQuery,
  ipPoolQuery,
  removeIpPool,
  type IpAddress,
  type IpPool,
} from '../../api/provisioning.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { AddressMap } from './AddressMap.tsx'
import { KeptReverse } from './KeptReverse.tsx'
import { EditPool, KeepAddress } from './PoolForms.tsx'
import { PoolSourceCard } from './PoolSource.tsx'
import { ReverseZones } from './ReverseZones.tsx'

const route = getRouteApi('/t/$tenant/ip-pools/$id')

/** One pool: its map, and who holds which address. */
export default function IpPoolPage() {
  const { tenant, can } = useSession()
  const { id } = route.useParams()
  const navigate = useNavigate()
  const query = useQuery({ ...ipPoolQuery(id), enabled: can('infrastructure:read') })
  const [open, setOpen] = useState<'edit' | 'keep' | 'remove'>()
  const mayNot = can('infrastructure:manage') ? undefined : NO_PERMISSION('infrastructure:manage')
  const close = () => setOpen(undefined)
  const pool = query.data
  return (
    <Page
      title={pool ? t`IP pool ${pool.name}` : t`IP pool`}
      crumbs={[{ label: t`IP pools`, link: paths.ipPools(tenant.slug) }]}
      permission="infrastructure:read"
      badge={pool && <StateBadge of="catalogue" state={pool.state} />}
      actions={
        pool && (
          <>
            <Button disabledReason={mayNot} onClick={() => setOpen('keep')}>
              Keep an address
            </Button>
            <Button disabledReason={mayNot} onClick={() => setOpen('edit')}>
              Change
            </Button>
            <Button
              variant="danger"
              disabledReason={mayNot ?? stillUsed(pool)}
              onClick={() => setOpen('remove')}
            >
              Remove
            </Button>
          </>
        )
      }
    >
      <Loaded query={query} what="IP pool">
        {(data) => (
          <div className="space-y-4">
            {data.source && <PoolSourceCard pool={data} source={data.source} mayNot={mayNot} />}
            <PoolFacts pool={data} />
            <Addresses pool={data} mayNot={mayNot} />
            <KeptReverse pool={data} mayNot={mayNot} />
            <ReverseZones pool={data} />
            <Dialog open={open === 'edit'} onClose={close} title="Change the pool">
              <EditPool pool={data} onClose={close} />
            </Dialog>
            <Dialog open={open === 'keep'} onClose={close} title="Keep an address">
              <KeepAddress pool={data} onClose={close} />
            </Dialog>
            <ConfirmDestroy
              open={open === 'remove'}
              onClose={close}
              title="Remove the pool"
              name={data.name}
              effect="It is taken out of mPanel, with the addresses that were kept back. Nothing on the cluster is touched."
              submitLabel="Remove"
              send={() => removeIpPool(data.id)}
              onDone={() => {
                toast.done(t`Pool removed`)
                void navigate(paths.ipPools(tenant.slug))
              }}
            />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

const stillUsed = ({ state, used, quarantined, kept, source }: IpPool): string | undefined => {
  if (state === 'active') return t`Pause it first, so that nothing more is given out.`
  if (source && kept + source.untold > 0) return t`NetBox still has addresses of it that are ours.`
  return used + quarantined > 0 ? t`Addresses of it are held by pods or rest.` : undefined
}

const PoolFacts = ({ pool }: { pool: IpPool }) => (
  <Card>
    <Facts
      facts={[
        [t`Network`, pool.network],
        pool.podPrefix === null ? null : [t`Each pod gets`, t`a whole /${pool.podPrefix}`],
        [t`Gateway`, pool.gateway],
        [t`Range`, `${pool.rangeStart} – ${pool.rangeEnd}`],
        [t`Bridge`, pool.vlan === null ? pool.bridge : `${pool.bridge}, VLAN ${pool.vlan}`],
        [t`DNS servers`, pool.dnsServers.join(', ') || null],
        [t`Rest`, count(pool.quarantineHours, t`hour`, t`hours`)],
        [
          t`Held by pods`,
          pool.size === null ? t`${pool.used} of more than can be used up` : t`${pool.used} of ${pool.size}`,
        ],
        [t`Resting`, String(pool.quarantined)],
        [t`Kept back`, String(pool.kept)],
      ]}
    />
  </Card>
)

function Addresses({ pool, mayNot }: { pool: IpPool; mayNot: string | undefined }) {
  const query = useInfiniteQuery(ipAddressesQuery(pool.id))
  const columns = useAddressColumns(pool, mayNot)
  return (
    <Loaded query={query} what="addresses">
      {(items) => (
        <>
          <AddressMap pool={pool} addresses={items} complete={!query.hasNextPage} />
          <Card flush title="Addresses that are not free">
            <DataTable label="Addresses" rows={items} rowKey={({ address }) => address} columns={columns} />
            {items.length === 0 && <p className="p-4 text-muted">Every address is free.</p>}
            {query.hasNextPage && (
              <div className="p-3">
                <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Load more
                </Button>
              </div>
            )}
          </Card>
        </>
      )}
    </Loaded>
  )
}

const held = ({ pod, state }: IpAddress) => {
  if (state === 'elsewhere') return t`Others hold it: it is free when they give it back in NetBox.`
  return pod ? t`A pod holds it: it is free when the pod is gone.` : undefined
}

function useAddressColumns(pool: IpPool, mayNot: string | undefined): Column<IpAddress>[] {
  const { tenant } = useSession()
  const free = useSubmit({
    send: (address: string, key) => freeIpAddress(pool.id, address, key),
    onDone: () => toast.done(t`The address is free`),
  })
  return [
    {
      header: t`Address`,
      render: ({ address }) => <span className="font-mono text-[13px] break-all">{address}</span>,
    },
    { header: t`State`, narrow: true, render: ({ state }) => <StateBadge of="address" state={state} /> },
    {
      header: t`For`,
      render: ({ pod, until, note, state }) =>
        pod ? (
          <Link {...paths.cloudPod(tenant.slug, pod.id)} className="break-words hover:underline">
            {pod.hostname}
          </Link>
        ) : until ? (
          <span>
            rests, free <Time at={until} relative />
          </span>
        ) : (
          <span className="break-words">{state === 'elsewhere' ? t`others, in NetBox` : note}</span>
        ),
    },
    {
      header: t`Set free`,
      narrow: true,
      render: (row) => (
        <Button
          size="sm"
          aria-label={t`Set free ${row.address}`}
          disabledReason={mayNot ?? held(row)}
          onClick={() =>
            free.mutate(row.address, { onError: (error) => toast.failed(t`Not freed`, error.message) })
          }
        >
          Set free
        </Button>
      ),
    },
  ]
}
