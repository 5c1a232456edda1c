import { daybook } from './src/app';

// For the TypeORM CLI (`npm run typeorm -- migration:show`). The application builds its own from the same function.
export default daybook.dataSource();
