import { v7 } from 'uuid'

/** A new row's id: UUID version 7, so that ids of one table grow with time and indexes stay dense. */
export const newId = (): string => v7()

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isUuid = (value: string): boolean => UUID.test(value)
