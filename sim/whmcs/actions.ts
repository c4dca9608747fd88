import * as clients from './clients.ts'
import * as invoices from './invoices.ts'
import { randomUUID } from 'node:crypto'
import type { Params, Sim } from './model.ts'
import * as orders from './orders.ts'
import * as payments from './payments.ts'
import * as services from './services.ts'

type Action = (sim: Sim, params: Params) => Record<string, unknown>

/** What can be asked for, by WHMCS's own names. */
export const ACTIONS: Record<string, Action> = {
  WhmcsDetails: clients.details,
  GetCurrencies: clients.getCurrencies,
  AddClient: clients.addClient,
  UpdateClient: clients.updateClient,
  GetClients: clients.getClients,
  GetClientsDetails: clients.getClientsDetails,
  AddCredit: clients.addCredit,
  GetPayMethods: clients.getPayMethods,
  UpdatePayMethod: clients.updatePayMethod,
  DeletePayMethod: clients.deletePayMethod,
  GetProducts: orders.getProducts,
  AddOrder: orders.addOrder,
  AcceptOrder: orders.acceptOrder,
  CancelOrder: orders.cancelOrder,
  GetOrders: orders.getOrders,
  GetClientsProducts: services.getClientsProducts,
  UpdateClientProduct: services.updateClientProduct,
  UpgradeProduct: services.upgradeProduct,
  ModuleSuspend: services.moduleSuspend,
  ModuleUnsuspend: services.moduleUnsuspend,
  ModuleTerminate: services.moduleTerminate,
  CreateInvoice: invoices.createInvoice,
  UpdateInvoice: invoices.updateInvoice,
  GetInvoices: invoices.getInvoices,
  GetInvoice: invoices.getInvoice,
  AddInvoicePayment: payments.addInvoicePayment,
  AddTransaction: payments.addTransaction,
  GetTransactions: payments.getTransactions,
  ApplyCredit: payments.applyCredit,
  CapturePayment: payments.capturePayment,
  CreateSsoToken: (sim, params) => ({
    access_token: randomUUID(),
    redirect_url: `/oauth/singlesignon.php?client=${clients.clientIn(sim, params['client_id']).id}`,
  }),
}
