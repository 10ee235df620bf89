package io.narthex.core.updates;

import java.util.Collection;
import java.util.Set;
import org.osgi.framework.Bundle;
import org.osgi.framework.hooks.resolver.ResolverHook;
import org.osgi.framework.hooks.resolver.ResolverHookFactory;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;

/**
 * Separates two versions of kernel bundles while both are installed: the new ones are wired to each
 * other and to the bundles that stay, all others to the previous ones.
 */
final class KernelResolution implements ResolverHookFactory, ResolverHook {
  private final Set<Bundle> previous;
  private final Set<Bundle> next;

  KernelResolution(Set<Bundle> previous, Set<Bundle> next) {
    this.previous = Set.copyOf(previous);
    this.next = Set.copyOf(next);
  }

  @Override
  public ResolverHook begin(Collection<BundleRevision> triggers) {
    return this;
  }

  @Override
  public void filterMatches(
      BundleRequirement requirement, Collection<BundleCapability> candidates) {
    Set<Bundle> hidden = next.contains(requirement.getRevision().getBundle()) ? previous : next;
    candidates.removeIf(c -> hidden.contains(c.getRevision().getBundle()));
  }

  @Override
  public void filterResolvable(Collection<BundleRevision> candidates) {}

  @Override
  public void filterSingletonCollisions(
      BundleCapability singleton, Collection<BundleCapability> candidates) {}

  @Override
  public void end() {}
}
