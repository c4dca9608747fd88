import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { canZone } from '../../../../../shared/states/domainZone.ts'
import { t } from '../../../../../shared/text.ts'
import {
  revisionQuery,
  revisionsQuery,
  rollBackZone,
  type Zone,
  type ZoneEdited,
  type ZoneRevision,
} from '../../../api/dnsZones.ts'
import { useSubmit } from '../../../api/submit.ts'
import { ErrorNotice } from '../../../components/ErrorNotice.tsx'
import { Loaded } from '../../../components/Loaded.tsx'
import { LoadMore } from '../../../components/LoadMore.tsx'
import { CAUSES } from '../../../lib/domainWords.ts'
import { count, humanize } from '../../../lib/words.ts'
import { Button } from '../../../ui/Button.tsx'
import { Card } from '../../../ui/Card.tsx'
import { DataTable, type Column } from '../../../ui/DataTable.tsx'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Time } from '../../../ui/Time.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { Changes } from './Changes.tsx'

/** What was changed in a zone, by whom, and the way back. */
export function ZoneHistory({ zone, mayNot }: { zone: Zone; mayNot: string | undefined }) {
  const query = useInfiniteQuery(revisionsQuery(zone.domainId))
  const [shown, setShown] = useState<ZoneRevision | null>(null)
  const columns: Column<ZoneRevision>[] = [
    {
      header: t`Revision`,
      render: ({ revision, cause, comment }) => (
        <>
          <span className="font-medium">{revision}</span> · {CAUSES[cause] ?? humanize(cause)}
          {comment && <div className="text-[13px] break-words text-muted">{comment}</div>}
        </>
      ),
    },
    { header: t`By`, from: 'sm', render: ({ actor }) => <span className="break-words">{actor}</span> },
    { header: t`When`, narrow: true, render: ({ createdAt }) => <Time at={createdAt} relative /> },
    {
      header: t`Changes`,
      narrow: true,
      render: (revision) => (
        <Button
          size="sm"
          variant="ghost"
          aria-label={t`${count(revision.size, t`set`, t`sets`)} of revision ${revision.revision}`}
          onClick={() => setShown(revision)}
        >
          {count(revision.size, t`set`, t`sets`)}
        </Button>
      ),
    },
  ]
  return (
    <Card title="History" flush>
      <Loaded query={query} what="revisions">
        {(revisions) => (
          <DataTable label="revisions" columns={columns} rows={revisions} rowKey={({ id }) => id} />
        )}
      </Loaded>
      <LoadMore query={query} what="revisions" />
      <Dialog
        open={shown !== null}
        onClose={() => setShown(null)}
        title={shown ? t`Revision ${shown.revision}` : t`Revision`}
        wide
      >
        {shown && (
          <Revision zone={zone} revision={shown.revision} mayNot={mayNot} onClose={() => setShown(null)} />
        )}
      </Dialog>
    </Card>
  )
}

function Revision({
  zone,
  revision,
  mayNot,
  onClose,
}: {
  zone: Zone
  revision: number
  mayNot: string | undefined
  onClose: () => void
}) {
  const query = useQuery(revisionQuery(zone.domainId, revision))
  const goBack = useSubmit<null, ZoneEdited>({
    send: (_, key) => rollBackZone(zone.domainId, { revision }, key),
    onDone: ({ changes }) => {
      toast.done(
        changes.length === 0
          ? t`Nothing differs from that`
          : t`The records are those of revision ${revision}`,
      )
      onClose()
    },
  })
  const verdict = canZone.edit(zone)
  const latest = revision === zone.revision ? t`It is the latest one.` : undefined
  return (
    <Loaded query={query} what="revision">
      {({ changes }) => (
        <>
          {goBack.error && <ErrorNotice error={goBack.error} />}
          <Changes changes={changes} />
          <div className="flex justify-end">
            <Button
              variant="primary"
              loading={goBack.isPending}
              disabledReason={mayNot ?? latest ?? (verdict.allowed ? undefined : verdict.reason)}
              onClick={() => goBack.mutate(null)}
            >
              Go back to this revision
            </Button>
          </div>
        </>
      )}
    </Loaded>
  )
}
