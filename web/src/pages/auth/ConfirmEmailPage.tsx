import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { confirmEmail } from '../../api/invitations.ts'
import { meQuery } from '../../api/session.ts'
import { useSubmit } from '../../api/submit.ts'
import { AuthFrame } from '../../components/AuthFrame.tsx'
import { forgetLinkToken, useLinkToken } from '../../components/linkToken.ts'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Skeleton } from '../../ui/Spinner.tsx'
import { IncompleteLink } from './IncompleteLink.tsx'

export default function ConfirmEmailPage() {
  const token = useLinkToken()
  const client = useQueryClient()
  const [done, setDone] = useState(false)
  const me = useQuery({ ...meQuery, retry: false })
  const confirm = useSubmit<string, void>({
    send: confirmEmail,
    onDone: () => {
      forgetLinkToken()
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
      setDone(true)
    },
  })
  return (
    <AuthFrame title="Your new e-mail address">
      {done ? (
        <>
          <Notice tone="success" title="The address is changed">
            From now on log in with it.
          </Notice>
          <Link to="/" className={`${buttonClass('primary')} w-full`}>
            To the start
          </Link>
        </>
      ) : token === null ? (
        <IncompleteLink />
      ) : me.isPending ? (
        <Skeleton label="Looking who is logged in" />
      ) : me.isSuccess ? (
        <>
          {confirm.error && <Notice tone="danger">{confirm.error.message}</Notice>}
          <p className="break-words text-muted">
            You are logged in as {me.data.user.email}. Confirm that the address that got this link is yours.
          </p>
          <Button
            variant="primary"
            className="w-full"
            loading={confirm.isPending}
            onClick={() => confirm.mutate(token)}
          >
            Confirm
          </Button>
        </>
      ) : (
        <>
          <p className="text-muted">Log in with your present address first, and you come back to confirm.</p>
          <Link {...paths.login({ return: '/confirm-email' })} className={`${buttonClass('primary')} w-full`}>
            Log in
          </Link>
        </>
      )}
    </AuthFrame>
  )
}
