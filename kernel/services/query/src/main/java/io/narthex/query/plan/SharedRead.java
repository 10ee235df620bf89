package io.narthex.query.plan;

import io.narthex.model.Matcher;
import io.narthex.query.context.QueryContext;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Selectors with the same matchers whose time ranges overlap: they are read in one pass over the
 * storage. Not thread-safe.
 */
public final class SharedRead {
  /** What one selector needs of the samples read. */
  public static final class Member {
    public final long minTime;
    public final long maxTime;

    /** The steps to fill; null for a range selector, which gets the samples themselves. */
    public final @Nullable Grid steps;

    public final long offsetMs;
    public final SamplePart part;

    /** How many uses are left. */
    public int uses = 1;

    /** Samples read that lie between the times. */
    public long read;

    /** The filled steps, from the read until the last use. */
    public @Nullable List<StepSeries> vector;

    /** What these take. */
    public final QueryContext.Retained kept = new QueryContext.Retained();

    private @Nullable SharedRead owner;

    Member(long minTime, long maxTime, @Nullable Grid steps, long offsetMs, SamplePart part) {
      this.minTime = minTime;
      this.maxTime = maxTime;
      this.steps = steps;
      this.offsetMs = offsetMs;
      this.part = part;
    }

    /** Returns the read it is part of; null when it is better read alone. */
    public @Nullable SharedRead owner() {
      return owner;
    }
  }

  /** The number of this read among those of the query, from 1 on. */
  final int number;

  public final List<Matcher> matchers;
  public final List<Member> members;
  public final long minTime;
  public final long maxTime;
  public boolean done;

  /** The samples between the times, without stale markers, if a range selector wants them. */
  public @Nullable List<Samples> samples;

  /** What these take. */
  public final QueryContext.Retained kept = new QueryContext.Retained();

  private SharedRead(int number, List<Matcher> matchers, List<Member> members) {
    this.number = number;
    this.matchers = matchers;
    this.members = List.copyOf(members);
    long min = Long.MAX_VALUE;
    long max = Long.MIN_VALUE;
    for (Member m : members) {
      min = Math.min(min, m.minTime);
      max = Math.max(max, m.maxTime);
      m.owner = this;
    }
    this.minTime = min;
    this.maxTime = max;
  }

  /** Combines what overlaps and is needed more than once. */
  static void combine(List<Matcher> matchers, List<Member> members, List<SharedRead> out) {
    List<Member> sorted = new ArrayList<>(members);
    sorted.sort((a, b) -> Long.compare(a.minTime, b.minTime));
    List<Member> run = new ArrayList<>();
    int uses = 0;
    long until = 0;
    for (Member m : sorted) {
      if (!run.isEmpty() && m.minTime > until) {
        if (uses > 1) {
          out.add(new SharedRead(out.size() + 1, matchers, run));
        }
        run.clear();
        uses = 0;
      }
      until = run.isEmpty() ? m.maxTime : Math.max(until, m.maxTime);
      run.add(m);
      uses += m.uses;
    }
    if (uses > 1) {
      out.add(new SharedRead(out.size() + 1, matchers, run));
    }
  }

  /** Returns whether a range selector still needs the samples. */
  public boolean wantsSamples() {
    return members.stream().anyMatch(m -> m.steps == null && m.uses > 0);
  }

  /** Counts a use as done. */
  public void served(Member m, QueryContext context) {
    m.uses--;
    if (m.uses <= 0) {
      m.vector = null;
      context.release(m.kept);
    }
    if (m.steps == null && samples != null && !wantsSamples()) {
      samples = null;
      context.release(kept);
    }
  }
}
