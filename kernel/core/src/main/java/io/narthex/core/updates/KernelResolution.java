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
 * Keeps two versions of kernel bundles apart while both are installed: the new ones are wired to
 * each other and to what stays, everybody else to the old ones.
 */
final class KernelResolution implements ResolverHookFactory, ResolverHook {
  private final Set<Bundle> former;
  private final Set<Bundle> next;

  KernelResolution(Set<Bundle> former, Set<Bundle> next) {
    this.former = Set.copyOf(former);
    this.next = Set.copyOf(next);
  }

  @Override
  public ResolverHook begin(Collection<BundleRevision> triggers) {
    return this;
  }

  @Override
  public void filterMatches(
      BundleRequirement requirement, Collection<BundleCapability> candidates) {
    Set<Bundle> hidden = next.contains(requirement.getRevision().getBundle()) ? former : next;
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
