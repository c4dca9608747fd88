/** What the people and companies of the benches are called, as lists in SQL. */
const list = (words: string): string => `string_to_array('${words}', ',')`

export const FIRST = list(
  'Anna,Maria,Lukas,Giulia,Marco,Sofia,Leon,Emma,Paul,Jürgen,Zoë,François,Łukasz,Søren,Ingrid,Pierre,Chiara,Matteo,Hannah,Jonas,Elena,Martin,Petra,Tomáš,Ana,José,Miguel,Inês,Olga,Ivan,Ada,Grace,Alan,Edsger,Barbara,Donald,Karen,Linus,Margaret,Niklaus,Radia,Tim,Vint,Whitfield,Yukihiro,Bjarne,Brian,Dennis,Ken,Frances',
)
export const ROOTS = list(
  'Müll,Schmid,Hof,Berg,Wein,Stein,Brand,Kell,Wagn,Bau,Fisch,Web,Schneid,Lind,Ross,Bianch,Ferr,Costa,Moret,Galli,Rizz,Conti,Marin,Grec,Brun,Dupon,Lefeb,Morea,Girar,Bonne,Novák,Svobod,Dvořák,Kowal,Nowak,Wiśn,Johans,Anders,Niels,Jens,Smith,Brown,Taylor,Wilson,Clark,Hill,Wood,Green,Baker,Turner,Parker,Cooper,Ward,Gray,Kelly,Murphy,Walsh,Byrne,Ryan,Quinn',
)
export const ENDS = list(
  'er,mann,hofer,son,sen,i,ini,elli,ova,ek,ski,ez,es,au,eux,ley,ton,field,bach,feld,egger,moser',
)
export const MIDDLES = list(
  'a,e,i,o,u,an,en,in,on,un,ar,er,ir,or,ur,al,el,il,ol,ul,as,es,is,os,us,at,et,it,ot,ut,ad,ed,id,od,ud,am,em,im,om,um',
)
export const TRADES = list(
  'Bau GmbH,Hosting Ltd,Logistik AG,Design Srl,Consulting GmbH,Software SpA,Hotel KG,Media SARL,Energie AG,Foods Ltd',
)

/** Spreads `i` without repeating itself soon, the same in every run. */
export const pick = (words: string, prime: number): string =>
  `(${words})[1 + (i::bigint * ${prime} % 1000003) % cardinality(${words})]`
