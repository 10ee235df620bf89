/** What this server sees now. */
import { Empty } from '../ui';

export function HomePage() {
  return <Empty title="Home" />;
}
