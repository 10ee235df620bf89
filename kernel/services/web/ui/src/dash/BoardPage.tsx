/** A dashboard. */
import { Empty } from '../ui';

export function BoardPage() {
  return <Empty title="Dashboard" />;
}
