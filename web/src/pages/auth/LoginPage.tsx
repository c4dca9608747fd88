import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import type { FactorMethod, MfaPending } from '../../../../shared/api/authAccount.ts'
import { t } from '../../../../shared/text.ts'
import { givePasskey, logInByPasskey } from '../../api/passkeys.ts'
import { giveSecondFactor, logIn, meQuery, type Credentials, type Me } from '../../api/session.ts'
import { AuthFrame } from '../../components/AuthFrame.tsx'
import { REQUIRED, useApiForm } from '../../components/Form.tsx'
import { PasskeyButton } from '../../components/PasskeyButton.tsx'
import { enrolmentOf, homeOf } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { SingleSignOn } from './SingleSignOn.tsx'
import { ssoFault } from '../../lib/ssoFault.ts'

const route = getRouteApi('/login')

/** Only a path of this application: never a way out to another site. */
const safe = (target: string | undefined): string | undefined =>
  target !== undefined && /^\/(?![/\\])/.test(target) && !target.startsWith('/login') ? target : undefined

/** The second step that single sign-on leaves to us. */
function methodsIn(second: string | undefined): FactorMethod[] | null {
  const methods = (['passkey', 'code'] as const).filter((method) => second?.split(' ').includes(method))
  return methods.length > 0 ? methods : null
}

export default function LoginPage() {
  const { return: wanted, second, sso } = route.useSearch()
  const target = safe(wanted)
  const client = useQueryClient()
  const navigate = useNavigate()
  const router = useRouter()
  const [methods, setMethods] = useState<FactorMethod[] | null>(methodsIn(second))
  const enter = (me: Me) => {
    client.setQueryData(meQuery.queryKey, me)
    if (me.mustEnrol) void navigate(enrolmentOf(me))
    else if (target === undefined) void navigate(homeOf(me))
    else router.history.push(target)
  }
  return (
    <AuthFrame title={t`Log in`} heading={t`Log in to mPanel`}>
      {methods ? (
        <SecondStep methods={methods} onDone={enter} onBack={() => setMethods(null)} />
      ) : (
        <>
          {sso !== undefined && <Notice tone="danger">{ssoFault(sso)}</Notice>}
          <PasswordForm
            goesOn={target !== undefined}
            onDone={(answer) => ('mfaRequired' in answer ? setMethods(answer.methods) : enter(answer))}
          />
          <PasskeyButton label="Log in with a passkey" send={logInByPasskey} onDone={enter} />
          <SingleSignOn returnTo={target} />
        </>
      )}
    </AuthFrame>
  )
}

function PasswordForm({ goesOn, onDone }: { goesOn: boolean; onDone: (answer: Me | MfaPending) => void }) {
  const of = useApiForm<Credentials, Me | MfaPending>({
    defaultValues: { email: '', password: '' },
    send: logIn,
    onDone,
  })
  const { form, submission, errorOf } = of
  return (
    <form noValidate onSubmit={of.onSubmit} className="space-y-4">
      {submission.error && <Notice tone="danger">{submission.error.message}</Notice>}
      {goesOn && !submission.error && <p className="text-muted">Log in to go on where you were.</p>}
      <Field label="E-mail" error={errorOf('email')}>
        <Input
          type="email"
          autoComplete="username"
          // The page has one purpose, and this is its first field.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          {...form.register('email', { required: REQUIRED })}
        />
      </Field>
      <Field label="Password" error={errorOf('password')}>
        <Input
          type="password"
          autoComplete="current-password"
          {...form.register('password', { required: REQUIRED })}
        />
      </Field>
      <Button type="submit" variant="primary" loading={submission.isPending} className="w-full">
        Log in
      </Button>
      <Link {...paths.forgotPassword()} className="block text-center text-accent hover:underline">
        Forgot your password?
      </Link>
    </form>
  )
}

/** The second step: a passkey, or a code. */
function SecondStep({
  methods,
  onDone,
  onBack,
}: {
  methods: FactorMethod[]
  onDone: (me: Me) => void
  onBack: () => void
}) {
  return (
    <div className="space-y-4">
      {methods.includes('passkey') && (
        <PasskeyButton label="Use a passkey" send={givePasskey} onDone={onDone} />
      )}
      {methods.includes('code') && <CodeForm onDone={onDone} />}
      <Button variant="ghost" className="w-full" onClick={onBack}>
        Back to the password
      </Button>
    </div>
  )
}

/** A code of the authenticator app, or a recovery code. */
function CodeForm({ onDone }: { onDone: (me: Me) => void }) {
  const of = useApiForm<{ code: string }, Me>({
    defaultValues: { code: '' },
    send: giveSecondFactor,
    onDone,
  })
  const { form, submission, errorOf } = of
  return (
    <form noValidate onSubmit={of.onSubmit} className="space-y-4">
      {submission.error && <Notice tone="danger">{submission.error.message}</Notice>}
      <Field
        label="Code"
        hint="Six digits of your authenticator app, or one of your recovery codes."
        error={errorOf('code')}
      >
        <Input
          autoComplete="one-time-code"
          // The page goes on here, and this is its only field.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          {...form.register('code', { required: REQUIRED })}
        />
      </Field>
      <Button type="submit" variant="primary" loading={submission.isPending} className="w-full">
        Go on
      </Button>
    </form>
  )
}
