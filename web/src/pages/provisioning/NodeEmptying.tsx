import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { LogOut } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  emptyNode,
  nodeEmptyingQuery,
  stopEmptyingNode,
  type NodeEmptying as Emptied,
} from '../../api/cloudPodMigrations.ts'
import type { Node } from '../../api/provisioning.ts'
import { useSubmit } from '../../api/submit.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { SubjectLink } from '../../components/SubjectLink.tsx'
import { count, codeWords } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Progress } from '../../ui/Progress.tsx'
import { toast } from '../../ui/Toast.tsx'

/** The button that empties a node; asked for again it also tries those anew that could not be moved. */
export function EmptyNode({ node }: { node: Node }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  const reason = can('infrastructure:manage', null)
    ? node.reserved.pods === 0
      ? t`The node has no CloudPods.`
      : undefined
    : NO_PERMISSION('infrastructure:manage')
  return (
    <>
      <Button
        size="sm"
        icon={<LogOut aria-hidden className="size-4" />}
        disabledReason={reason}
        onClick={() => setOpen(true)}
      >
        Move pods away<span className="sr-only"> from {node.name}</span>
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t`Move pods away from ${node.name}`}>
        <Confirm node={node} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

function Confirm({ node, onClose }: { node: Node; onClose: () => void }) {
  const of = useApiForm<Record<string, never>, Emptied>({
    defaultValues: {},
    send: (_, key) => emptyNode(node.id, key),
    onDone: ({ held }) => {
      toast.done(held ? t`It waits for a confirmation` : t`${node.name} is being emptied`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Move pods away" onCancel={onClose}>
      <p>
        The node takes no new CloudPods, and the {count(node.reserved.pods, t`CloudPod`, t`CloudPods`)} that
        it has move to other nodes, each to where the placement wants it. Running machines stay up, running
        containers are restarted.
      </p>
      <p className="text-[13px] text-muted">
        What finds no room is tried again every minute. Unusually many at once wait for a confirmation on
        “Queues &amp; workers”.
      </p>
    </Form>
  )
}

/** How far it is, and what stands in the way. */
export function Emptying({ node }: { node: Node }) {
  const query = useQuery(nodeEmptyingQuery(node.id))
  return (
    <Loaded query={query} what="progress">
      {(emptied) => <Standing node={node} emptied={emptied} />}
    </Loaded>
  )
}

function Standing({ node, emptied }: { node: Node; emptied: Emptied }) {
  const { tenant, can } = useSession()
  const { moved, left, held, pods } = emptied
  const stop = useSubmit({
    send: () => stopEmptyingNode(node.id),
    onDone: () => toast.done(t`No more pods are moved away from ${node.name}`),
  })
  const total = moved + left
  return (
    <section aria-label={t`Emptying ${node.name}`} className="space-y-2 rounded-md bg-raised p-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p aria-live="polite">
          {left === 0
            ? t`The node is empty.`
            : t`${count(left, t`CloudPod`, t`CloudPods`)} left, ${moved} moved away.`}
        </p>
        <Button
          size="sm"
          loading={stop.isPending}
          disabledReason={
            can('infrastructure:manage', null) ? undefined : NO_PERMISSION('infrastructure:manage')
          }
          onClick={() =>
            stop.mutate(undefined, { onError: (error) => toast.failed(t`It goes on`, error.message) })
          }
        >
          {left === 0 ? (
            <>
              Done<span className="sr-only"> emptying {node.name}</span>
            </>
          ) : (
            <>
              Stop<span className="sr-only"> emptying {node.name}</span>
            </>
          )}
        </Button>
      </div>
      <Progress
        label={t`Moved away from ${node.name}`}
        value={total === 0 ? 100 : Math.round((moved / total) * 100)}
      />
      {held && (
        <Notice
          tone="warning"
          title="Unusually many would move at once"
          action={
            <Link {...paths.queues(tenant.slug)} className={buttonClass()}>
              Confirm
            </Link>
          }
        >
          They move when somebody has confirmed it.
        </Notice>
      )}
      {pods.length > 0 && (
        <ul className="space-y-1 text-[13px]">
          {pods.map((pod) => (
            <li key={pod.id} className="break-words">
              <SubjectLink type="cloudPod" id={pod.id} label={pod.hostname} />
              <span className="text-muted">
                {' '}
                of {pod.tenant}: {wordsOf(pod)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function wordsOf({ state, action, migration, to, problem }: Emptied['pods'][number]): string {
  if (migration === 'moving') return t`on its way to ${to ?? ''}`
  if (migration === 'failed') return t`could not be moved: ${problem ?? ''}`
  if (state !== 'active') return codeWords(state)
  if (action !== null) return t`waits, for it is ${codeWords(action)}`
  return t`waits for its turn, or for room on another node`
}
