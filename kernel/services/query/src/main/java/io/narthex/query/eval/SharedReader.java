package io.narthex.query.eval;

import io.narthex.query.context.QueryContext;
import io.narthex.query.plan.SharedRead;
import io.narthex.query.plan.SharedRead.Member;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.TimeColumns;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads for several selectors in one pass: the samples are decoded once, kept for the range
 * selectors and filled into the steps of the instant ones. Each selector counts what it would have
 * read alone.
 */
final class SharedReader {
  private final Selection selection;
  private final QueryContext context;

  SharedReader(Selection selection, QueryContext context) {
    this.selection = selection;
    this.context = context;
  }

  /** Returns the samples for a range selector; there may be some outside of its times. */
  List<Samples> samples(Member m) {
    SharedRead read = read(m);
    List<Samples> out = Objects.requireNonNull(read.samples, "samples");
    context.read(m.read);
    read.served(m, context);
    return out;
  }

  /** Returns the steps of an instant selector. */
  List<StepSeries> vector(Member m) {
    Grid steps = Objects.requireNonNull(m.steps, "steps");
    SharedRead read = Objects.requireNonNull(m.owner(), "owner");
    boolean counted = !read.done;
    read(m);
    List<StepSeries> out = Objects.requireNonNull(m.vector, "vector");
    context.read(m.read);
    for (StepSeries s : out) {
      if (!counted) {
        selection.count(s);
      }
    }
    read.served(m, context);
    return out;
  }

  private SharedRead read(Member m) {
    SharedRead read = Objects.requireNonNull(m.owner(), "owner");
    if (!read.done) {
      long taken = context.taken();
      Pass pass = new Pass(read, m);
      pass.run();
      context.settleBytes(taken);
      pass.retain();
      read.done = true;
    }
    return read;
  }

  /** One pass over the storage. */
  private final class Pass {
    private final SharedRead read;
    private final Member asking;
    private final List<Filling> fillings = new ArrayList<>();
    private final @Nullable List<Samples> samples;
    private final TimeColumns times = new TimeColumns(); // of series that stay
    private final boolean starts = context.options.useStartTimestamps();

    Pass(SharedRead read, Member asking) {
      this.read = read;
      this.asking = asking;
      for (Member m : read.members) {
        if (m.steps != null && m.uses > 0) {
          fillings.add(new Filling(m, m.steps));
        }
      }
      samples = read.wantsSamples() ? new ArrayList<>() : null;
    }

    void run() {
      SelectRequest request =
          new SelectRequest(
              read.matchers, read.minTime, read.maxTime, new SelectRequest.Hints("", 0, 0, starts));
      try (QueryContext.Selected selected = context.select(request)) {
        SeriesCursor cursor = selected.cursor();
        while (cursor.nextSeries()) {
          context.check();
          series(cursor);
        }
      }
      read.samples = samples;
    }

    /** Retains the memory of what is needed later. */
    void retain() {
      long n = 0;
      if (samples != null) {
        for (Samples s : samples) {
          n += s.bytes();
        }
      }
      context.retain(read.kept, n);
      for (Filling f : fillings) {
        long steps = 0;
        for (StepSeries s : f.out) {
          steps += s.bytes();
        }
        context.retain(f.member.kept, steps);
      }
    }

    private void series(SeriesCursor cursor) {
      Samples s = samples == null ? null : new Samples(cursor.labels(), times, Samples.NO_VALUES);
      for (Filling f : fillings) {
        f.begin(cursor);
      }
      SampleTile t = selection.tile();
      long taken = 0;
      while (cursor.nextTile(t)) {
        for (Member m : read.members) {
          m.read += inside(t, m);
        }
        if (s != null) {
          selection.add(t, s, false);
          context.take(s.bytes() - taken);
          taken = s.bytes();
        }
        for (Filling f : fillings) {
          f.add(t);
        }
      }
      if (s != null && samples != null && s.floatCount + s.histCount > 0) {
        samples.add(s);
        times.keep(s);
      }
      for (Filling f : fillings) {
        f.end();
      }
    }

    /** The steps of one instant selector while they are filled. */
    private final class Filling {
      final Member member;
      final Grid steps;
      private final StepFiller filler;
      private final List<StepSeries> out = new ArrayList<>();
      private @Nullable StepSeries current;

      Filling(Member member, Grid steps) {
        this.member = member;
        this.steps = steps;
        filler = new StepFiller(steps, member.offsetMs, context.lookbackMs, member.part);
        member.vector = out;
      }

      /** Begins a series; one that has stayed empty lends its columns. */
      void begin(SeriesCursor cursor) {
        StepSeries empty = current;
        StepSeries series =
            empty == null
                ? context.series(cursor.labels(), false, steps.size())
                : empty.with(cursor.labels(), false);
        current = series;
        filler.begin(series);
      }

      void add(SampleTile t) {
        if (inside(t, member) > 0) {
          filler.add(t, starts);
        }
      }

      void end() {
        StepSeries series = current;
        if (filler.end() && series != null) {
          out.add(series);
          current = null;
          if (member == asking) {
            selection.count(series);
          }
        }
      }
    }
  }

  /** Returns how many samples of a tile lie between the times of a selector. */
  private static int inside(SampleTile t, Member m) {
    if (t.size > 0 && t.timesMs[0] >= m.minTime && t.timesMs[t.size - 1] <= m.maxTime) {
      return t.size;
    }
    return Samples.firstAfter(t.timesMs, t.size, m.maxTime)
        - Samples.firstAfter(t.timesMs, t.size, m.minTime - 1);
  }
}
