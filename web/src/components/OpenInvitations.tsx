import { t } from '../../../shared/text.ts'
import { resendInvitation, revokeInvitation, type Invitation } from '../api/invitations.ts'
import { useSubmit } from '../api/submit.ts'
import { Badge } from '../ui/Badge.tsx'
import { Button } from '../ui/Button.tsx'
import { DataTable, type Column } from '../ui/DataTable.tsx'
import { Time } from '../ui/Time.tsx'
import { toast } from '../ui/Toast.tsx'
import { roleWords } from '../lib/roleWords.ts'

const failed = (title: string) => ({
  onError: (error: Error) => toast.failed(title, error.message),
})

/** Who is invited and has not answered yet. `reason`: why nothing can be done about it. */
export function OpenInvitations({
  invitations,
  reason,
}: {
  invitations: Invitation[]
  reason: string | undefined
}) {
  const resend = useSubmit<string, Invitation>({
    send: resendInvitation,
    onDone: ({ email }) => toast.done(t`Sent again`, t`The earlier link to ${email} has ended.`),
  })
  const revoke = useSubmit<string, void>({
    send: revokeInvitation,
    onDone: () => toast.done(t`The invitation is taken back`),
  })
  const columns: Column<Invitation>[] = [
    {
      header: t`Invited`,
      render: ({ email, expired }) => (
        <span className="flex flex-wrap items-center gap-2">
          <span className="break-all">{email}</span>
          {expired && <Badge tone="warning">Expired</Badge>}
        </span>
      ),
    },
    { header: t`Role`, from: 'sm', render: ({ roleName }) => roleWords(roleName) },
    { header: t`By`, from: 'lg', render: ({ invitedBy }) => invitedBy },
    { header: t`Sent`, from: 'md', narrow: true, render: ({ sentAt }) => <Time at={sentAt} relative /> },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: ({ id, email }) => (
        <span className="inline-flex flex-wrap justify-end gap-1 sm:flex-nowrap">
          <Button
            size="sm"
            aria-label={t`Send the invitation of ${email} again`}
            loading={resend.isPending && resend.variables === id}
            disabledReason={reason}
            onClick={() => resend.mutate(id, failed(t`Not sent again`))}
          >
            Resend
          </Button>
          <Button
            size="sm"
            variant="ghost"
            aria-label={t`Take the invitation of ${email} back`}
            loading={revoke.isPending && revoke.variables === id}
            disabledReason={reason}
            onClick={() => revoke.mutate(id, failed(t`Not taken back`))}
          >
            Revoke
          </Button>
        </span>
      ),
    },
  ]
  return <DataTable label="Open invitations" columns={columns} rows={invitations} rowKey={({ id }) => id} />
}
