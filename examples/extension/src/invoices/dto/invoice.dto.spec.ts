import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { CreateInvoiceRequest, UpdateInvoiceRequest } from './invoice.dto';

const n = 1;
const VALID = {
  number: `Number ${n}`,
  total: { amount: `${n}.00`, currency: 'EUR' },
  dueOn: new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10),
  note: `What there is to say of ${n}.`,
};

/** Names of the fields that are refused. */
const refused = (type: new () => object, body: object): string[] =>
  validateSync(plainToInstance(type, body), { whitelist: true, forbidNonWhitelisted: true }).map(
    ({ property }) => property,
  );

describe('requests for invoices', () => {
  it('take what is right', () => {
    expect(refused(CreateInvoiceRequest, VALID)).toEqual([]);
    expect(refused(UpdateInvoiceRequest, {})).toEqual([]);
  });

  it.each([
    ['number', ''],
    ['total', { amount: '1,50', currency: 'EUR' }],
    ['dueOn', '2026-02-30'],
    ['note', 7],
    ['unknown', 1],
  ])('refuse a wrong %s', (name, value: unknown) => {
    expect(refused(CreateInvoiceRequest, { ...VALID, [name]: value })).toEqual([name]);
    expect(refused(UpdateInvoiceRequest, { [name]: value })).toEqual([name]);
  });

  it.each(['number', 'total', 'dueOn'])('need %s, and it cannot be taken away', (name) => {
    expect(refused(CreateInvoiceRequest, { ...VALID, [name]: undefined })).toEqual([name]);
    expect(refused(UpdateInvoiceRequest, { [name]: null })).toEqual([name]);
  });
});
