package io.narthex.model;

import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The compiled regular expression of a {@link Matcher}, with what is known about its matches, so
 * that an index need not analyse the pattern again. {@code test} returns whether the whole value
 * matches. Thread-safe.
 */
@ProviderType
public interface CompiledRegex extends Predicate<String> {
  /**
   * Returns all values that match if they can be listed, in the order of the pattern, else null.
   */
  @Nullable Set<String> literals();

  /** Returns the prefix of every value that matches; may be empty. */
  String prefix();
}
