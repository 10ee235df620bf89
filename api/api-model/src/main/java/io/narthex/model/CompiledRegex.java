package io.narthex.model;

import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The compiled expression of a {@link Matcher}, which says what its matches look like, so that an
 * index need not analyse the text again. Tests whether a value matches the whole expression;
 * thread-safe.
 */
@ProviderType
public interface CompiledRegex extends Predicate<String> {
  /** Returns the only values that match when these can be listed, else null. */
  @Nullable Set<String> literals();

  /** Returns what every value that matches begins with; may be empty. */
  String prefix();
}
