/** The dashboards this server has. */
import { Empty } from '../ui';

export function ListPage() {
  return <Empty title="Dashboards" />;
}
