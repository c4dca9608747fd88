import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { InvitationShown } from '../../../../shared/api/invitations.ts'
import { t } from '../../../../shared/text.ts'
import { acceptInvitation, invitationShownQuery } from '../../api/invitations.ts'
import { logOut, meQuery } from '../../api/session.ts'
import { useSubmit } from '../../api/submit.ts'
import { AuthFrame } from '../../components/AuthFrame.tsx'
import { REQUIRED, useApiForm } from '../../components/Form.tsx'
import { forgetLinkToken, useLinkToken } from '../../components/linkToken.ts'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Skeleton } from '../../ui/Spinner.tsx'
import { IncompleteLink } from './IncompleteLink.tsx'
import { roleWords } from '../../lib/roleWords.ts'

export default function InvitationPage() {
  const token = useLinkToken()
  const [accepted, setAccepted] = useState<InvitationShown | null>(null)
  const shown = useQuery({ ...invitationShownQuery(token ?? ''), enabled: token !== null && !accepted })
  const onDone = (invitation: InvitationShown) => {
    forgetLinkToken()
    setAccepted(invitation)
  }
  return (
    <AuthFrame title="Invitation">
      {accepted ? (
        <Accepted invitation={accepted} />
      ) : token === null ? (
        <IncompleteLink />
      ) : shown.error ? (
        <Notice tone="danger">{shown.error.message}</Notice>
      ) : shown.data ? (
        <Invited token={token} invitation={shown.data} onDone={onDone} />
      ) : (
        <Skeleton label="Loading the invitation" />
      )}
    </AuthFrame>
  )
}

type Props = { token: string; invitation: InvitationShown; onDone: (invitation: InvitationShown) => void }

function Invited(props: Props) {
  const { invitation } = props
  return (
    <>
      <p className="break-words">
        {invitation.invitedBy} invites <strong>{invitation.email}</strong> to{' '}
        <strong>{invitation.place}</strong> as {roleWords(invitation.roleName)}.
      </p>
      {invitation.account === 'new' ? <NewAccount {...props} /> : <OwnAccount {...props} />}
    </>
  )
}

function Accepted({ invitation }: { invitation: InvitationShown }) {
  const isNew = invitation.account === 'new'
  return (
    <>
      <Notice tone="success" title="The invitation is accepted">
        {isNew ? t`Log in as ${invitation.email}.` : t`${invitation.place} is open to you now.`}
      </Notice>
      {isNew ? (
        <Link {...paths.login()} className={`${buttonClass('primary')} w-full`}>
          Log in
        </Link>
      ) : (
        <Link to="/" className={`${buttonClass('primary')} w-full`}>
          To the start
        </Link>
      )}
    </>
  )
}

function NewAccount({ token, invitation, onDone }: Props) {
  const { form, submission, errorOf, onSubmit } = useApiForm<{ name: string; password: string }, void>({
    defaultValues: { name: '', password: '' },
    send: (values, key) => acceptInvitation({ token, ...values }, key),
    onDone: () => onDone(invitation),
  })
  return (
    <form noValidate onSubmit={onSubmit} className="space-y-4">
      {submission.error && submission.error.errors.length === 0 && (
        <Notice tone="danger">{submission.error.message}</Notice>
      )}
      <Field label="Your name" error={errorOf('name')}>
        <Input autoComplete="name" maxLength={200} {...form.register('name', { required: REQUIRED })} />
      </Field>
      <Field
        label="Choose a password"
        hint="12 to 128 characters, not easy to guess."
        error={errorOf('password')}
      >
        <Input
          type="password"
          autoComplete="new-password"
          {...form.register('password', { required: REQUIRED })}
        />
      </Field>
      <Button type="submit" variant="primary" loading={submission.isPending} className="w-full">
        Accept and make my account
      </Button>
    </form>
  )
}

/** Who has an account accepts within it. */
function OwnAccount({ token, invitation, onDone }: Props) {
  const client = useQueryClient()
  const me = useQuery({ ...meQuery, retry: false })
  const accept = useSubmit<void, void>({
    send: (_, key) => acceptInvitation({ token }, key),
    onDone: () => {
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
      onDone(invitation)
    },
  })
  const leave = useSubmit<void, void>({
    send: logOut,
    onDone: () => client.removeQueries({ queryKey: meQuery.queryKey }),
    sessionOnly: true,
  })
  if (me.isPending && me.fetchStatus !== 'idle') return <Skeleton label="Looking who is logged in" />
  const user = me.isSuccess ? me.data.user : undefined
  if (user?.email === invitation.email)
    return (
      <>
        {accept.error && <Notice tone="danger">{accept.error.message}</Notice>}
        <Button
          variant="primary"
          className="w-full"
          loading={accept.isPending}
          onClick={() => accept.mutate()}
        >
          Accept
        </Button>
      </>
    )
  return (
    <>
      <p className="text-muted">
        This e-mail has an account here. Log in to it, and you come back to accept.
        {user && ` ${t`You are logged in as ${user.email} now.`}`}
      </p>
      {user ? (
        <Button className="w-full" loading={leave.isPending} onClick={() => leave.mutate()}>
          Log out
        </Button>
      ) : (
        <Link {...paths.login({ return: '/invitation' })} className={`${buttonClass('primary')} w-full`}>
          Log in
        </Link>
      )}
    </>
  )
}
