import * as clients from './clients.ts'
import * as invoices from './invoices.ts'
import { randomUUID } from 'node:crypto'
import type { Params, Sim } from './model.ts'
import * as orders from './orders.ts'

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
  GetClientsProducts: orders.getClientsProducts,
  UpdateClientProduct: orders.updateClientProduct,
  UpgradeProduct: orders.upgradeProduct,
  ModuleSuspend: orders.moduleSuspend,
  ModuleUnsuspend: orders.moduleUnsuspend,
  ModuleTerminate: orders.moduleTerminate,
  CreateInvoice: invoices.createInvoice,
  UpdateInvoice: invoices.updateInvoice,
  GetInvoices: invoices.getInvoices,
  GetInvoice: invoices.getInvoice,
  AddInvoicePayment: invoices.addInvoicePayment,
  AddTransaction: invoices.addTransaction,
  GetTransactions: invoices.getTransactions,
  ApplyCredit: invoices.applyCredit,
  CapturePayment: invoices.capturePayment,
  CreateSsoToken: (sim, params) => ({
    access_token: randomUUID(),
    redirect_url: `/oauth/singlesignon.php?client=${clients.clientIn(sim, params['client_id']).id}`,
  }),
}
