export type WebhookTarget = { url: string; secret: string; ca?: string | undefined }

export type WebhookDelivery = {
  /** The same for a repeated delivery. */
  id: string
  at: Date
  body: unknown
}

/** A receiver of single events. While its secret is being exchanged there are two, and each signs. */
export type EventTarget = { url: string; secrets: readonly string[] }

/** What the receiver said: `answer` is the beginning of its text, `fromPublic` whether it is on the public internet. */
export type EventAnswer = { status: number; answer: string; fromPublic: boolean }
