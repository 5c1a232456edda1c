export { BooksModule } from './books.module';
