import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { ENTITIES } from './src/app.entities';
import { loadConfig } from './src/config/config';
import { dataSourceOptions } from './src/platform/database/data-source-options';

// For the TypeORM CLI (`npm run typeorm -- migration:show`). The application builds its own from the same function.
export default new DataSource(dataSourceOptions(loadConfig(), ENTITIES, 'migrator'));
