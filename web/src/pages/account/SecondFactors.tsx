import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { disableTotp, mfaQuery, newRecoveryCodes } from '../../api/account.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { toast } from '../../ui/Toast.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'
import { TotpEnrolment } from './TotpEnrolment.tsx'

type Open = 'enrol' | 'disable' | 'codes' | null

/** The authenticator app and the recovery codes: how they stand, and every way to change them. */
export function SecondFactors() {
  const query = useQuery(mfaQuery)
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  return (
    <>
      <Card title="Two steps to log in">
        <Loaded query={query} what="second factors">
          {({ totp, passkeys, recoveryCodesLeft }) => (
            <div className="space-y-4">
              <p className="flex flex-wrap items-center gap-2">
                Authenticator app
                <Badge tone={totp ? 'success' : 'neutral'}>{totp ? t`On` : t`Off`}</Badge>
              </p>
              <p className="text-muted">
                {totp
                  ? t`A log-in asks for a code of your app.`
                  : t`With it a log-in asks for a code of your app as well, so that a stolen password is not enough.`}{' '}
                {(totp !== null || passkeys > 0) && t`You have ${recoveryCodesLeft} unused recovery codes.`}
              </p>
              <div className="flex flex-wrap gap-2">
                {(totp !== null || passkeys > 0) && (
                  <Button onClick={() => setOpen('codes')}>New recovery codes</Button>
                )}
                {totp ? (
                  <Button variant="danger" onClick={() => setOpen('disable')}>
                    Turn off
                  </Button>
                ) : (
                  <Button variant="primary" onClick={() => setOpen('enrol')}>
                    Set up an authenticator app
                  </Button>
                )}
              </div>
            </div>
          )}
        </Loaded>
      </Card>
      <Dialog open={open === 'enrol'} onClose={close} title="Set up an authenticator app">
        {open === 'enrol' && <TotpEnrolment onDone={close} />}
      </Dialog>
      <Dialog open={open === 'disable'} onClose={close} title="Turn off the second step">
        <Disable onDone={close} />
      </Dialog>
      <Dialog open={open === 'codes'} onClose={close} title="New recovery codes">
        {open === 'codes' && <NewCodes onDone={close} />}
      </Dialog>
    </>
  )
}

function Disable({ onDone }: { onDone: () => void }) {
  const disable = useSubmit<void, void>({
    send: disableTotp,
    onDone: () => {
      toast.done(t`The second step is off`)
      onDone()
    },
  })
  return (
    <>
      <p>
        Your log-in no longer asks for a code of your app. Without a passkey your password alone will open
        your account, and the recovery codes end as well.
      </p>
      {disable.error && <ErrorNotice error={disable.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onDone}>Back</Button>
        <Button variant="danger" loading={disable.isPending} onClick={() => disable.mutate()}>
          Turn off
        </Button>
      </div>
    </>
  )
}

function NewCodes({ onDone }: { onDone: () => void }) {
  const renew = useSubmit({ send: newRecoveryCodes })
  if (renew.data) return <RecoveryCodes codes={renew.data.codes} onDone={onDone} />
  return (
    <>
      <p>The codes you have now will no longer work.</p>
      {renew.error && <ErrorNotice error={renew.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onDone}>Back</Button>
        <Button variant="primary" loading={renew.isPending} onClick={() => renew.mutate()}>
          Make new codes
        </Button>
      </div>
    </>
  )
}
