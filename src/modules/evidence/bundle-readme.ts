/** What a bundle says of itself, so that it can be read without Daybook's documentation. */
export const BUNDLE_README = `A Daybook ledger with its evidence. One JSON object per line; "type" says what it is. In this order:

header       form, ledger, tenant, issuer, exportedAt; head: sequence and hash of the last transaction
keys         public keys (RFC 7517) that signed the checkpoints. They prove nothing by themselves: get them from the issuer's
             /.well-known/checkpoint-keys.json, or keep your own copy
currency     code, scale: amounts are minor units, 1234 of scale 2 is 12.34
account      id, code, name, accountType, normalBalance
transaction  canonical: the text that was hashed; hash; state: what became of a hold, or of a transaction that was reversed
             (status, remaining per entry, children: how many transactions name it as their parent)
checkpoint   jws, right after the last transaction that it covers
balance      account, currency, sums of its entries, version: how many they are
footer       how many of each there were

canonical is a JSON array: "daybook.transaction.1", ledger, sequence, id, kind, parent, template, reference, description,
effectiveAt, createdAt, createdBy, expiresAt, metadata as JSON text in the form of RFC 8785, entries. An entry is an array:
account id, account code, currency, direction, kind, amount, version, balance after.

hash = SHA-256(hash before, its 64 digits; canonical), UTF-8. The hash before the first transaction is 64 zeros.
Sequences go from 1 without gaps. Entries sum to zero per currency and kind. Entries of kind posted, captured and reversed
move the posted balance; held ones add to the pending balance of their side, released ones take from it. Version counts
the entries of an account in a currency from 1; balance after is posted debits minus credits.

A checkpoint is a JWS (RFC 7515, ES256, typ daybook-checkpoint+jwt) of: form, iss, tenant, ledger; after, sequence: which
transactions it covers; hash of the last of them; root: Merkle root (RFC 6962, SHA-256) over the 32 bytes of each hash; previous: SHA-256
of the JWS before it; currencies: their scales; time.

node verify-bundle.mjs FILE checks all of this, with nothing but Node.
`;
