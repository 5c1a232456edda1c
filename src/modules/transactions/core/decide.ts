import { type Book } from './book';
import { type Order } from './orders';
import { post } from './posting';
import { type RecordedTransaction } from './recorded';
import { reverse } from './reversal';
import { capture, voidHold } from './settlement';

/**
 * Carries out one order on the book.
 * @throws Problem of 404 or 422 with the reason; then nothing has changed
 */
export function decide(book: Book, order: Order): RecordedTransaction {
  switch (order.kind) {
    case 'posting':
      return post(book, order);
    case 'capture':
      return capture(book, order);
    case 'void':
      return voidHold(book, order);
    case 'reversal':
      return reverse(book, order);
  }
}
