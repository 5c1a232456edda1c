export { ProblemsModule } from './problems.module';
