import type { Words } from '../../words.ts'
import { oneLine, type Message } from './render.ts'

/** Mails to users about their accounts. */

type From = { ip: string | null; userAgent: string | null; at: Date }
type Link = { url: string; expiresAt: Date }

function origin({ t, time }: Words, { ip, userAgent, at }: From): string {
  const from = ip ?? t`an unknown address`
  return userAgent === null
    ? t`When: ${time(at)}. From: ${from}.`
    : t`When: ${time(at)}. From: ${from}, ${oneLine(userAgent)}.`
}

const notYou = ({ t }: Words): string =>
  t`If this was not you, set a new password at once with "Forgot your password?" on the log-in page, and tell us.`

export const accountTemplates = {
  passwordReset: ({ t, time }: Words, { link, ip }: { link: Link; ip: string | null }): Message => ({
    subject: t`Set a new password`,
    before: [
      ip === null
        ? t`Somebody has asked for a new password for your account.`
        : t`Somebody at the address ${ip} has asked for a new password for your account.`,
    ],
    link: { label: t`Set a new password`, url: link.url },
    after: [
      t`The link counts once, until ${time(link.expiresAt)}. Your second step to log in stays as it is.`,
      t`If you have not asked for it, do nothing: your password stays.`,
    ],
  }),

  invitation: (
    { t, time }: Words,
    invitation: {
      link: Link
      by: string
      role: string
      /** Null: the platform. */
      tenant: string | null
    },
  ): Message => {
    const place = oneLine(invitation.tenant ?? t`the administration of mPanel`)
    return {
      subject: t`You are invited to ${oneLine(place, 100)}`,
      before: [t`${oneLine(invitation.by)} invites you to ${place} as ${oneLine(invitation.role)}.`],
      link: { label: t`Accept the invitation`, url: invitation.link.url },
      after: [
        t`The link counts once, until ${time(invitation.link.expiresAt)}.`,
        t`If you do not know what this is about, do nothing.`,
      ],
    }
  },

  emailChange: ({ t, time }: Words, { link }: { link: Link }): Message => ({
    subject: t`Confirm your new e-mail address`,
    before: [
      t`This address is to become the one that you log in with. Open the link while you are logged in.`,
    ],
    link: { label: t`Confirm this address`, url: link.url },
    after: [
      t`The link counts once, until ${time(link.expiresAt)}.`,
      t`If you have not asked for it, do nothing: nothing changes.`,
    ],
  }),

  emailChangeAsked: (words: Words, { to, from }: { to: string; from: From }): Message => {
    const { t } = words
    return {
      subject: t`A new e-mail address was asked for`,
      before: [
        t`Your account is to get the address ${oneLine(to)} once that one is confirmed.`,
        origin(words, from),
      ],
      after: [notYou(words)],
    }
  },

  emailChanged: (words: Words, { to, from }: { to: string; from: From }): Message => {
    const { t } = words
    return {
      subject: t`Your e-mail address was changed`,
      before: [t`You now log in with ${oneLine(to)} instead of this address.`, origin(words, from)],
      after: [t`If this was not you, tell us at once.`],
    }
  },

  passwordChanged: (words: Words, { from }: { from: From }): Message => {
    const { t } = words
    return {
      subject: t`Your password was changed`,
      before: [
        t`The password of your account was changed, and your other sessions have ended.`,
        origin(words, from),
      ],
      after: [notYou(words)],
    }
  },

  newDevice: (words: Words, { from }: { from: From }): Message => {
    const { t } = words
    return {
      subject: t`A log-in from a new device`,
      before: [
        t`Somebody has logged in to your account from a browser that it was not used with before.`,
        origin(words, from),
      ],
      after: [t`If this was you, there is nothing to do.`, notYou(words)],
    }
  },

  secondFactorRemoved: (words: Words, { from }: { from: From }): Message => {
    const { t } = words
    return {
      subject: t`A second step to log in was removed`,
      before: [t`An authenticator app or a passkey was removed from your account.`, origin(words, from)],
      after: [notYou(words)],
    }
  },
} as const
