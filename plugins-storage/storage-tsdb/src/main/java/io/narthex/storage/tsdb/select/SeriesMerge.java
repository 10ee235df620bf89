package io.narthex.storage.tsdb.select;

import io.narthex.model.Labels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** Label sets of several places in order, each once. Holds one of each place. Not thread-safe. */
public final class SeriesMerge {
  private record Place(Labels first, Iterator<Labels> rest) {}

  private final PriorityQueue<Place> places =
      new PriorityQueue<>(Comparator.comparing(Place::first));

  /** Creates a merge of iterators that are in label order. */
  public SeriesMerge(List<Iterator<Labels>> sorted) {
    sorted.forEach(this::add);
  }

  private void add(Iterator<Labels> rest) {
    if (rest.hasNext()) {
      places.add(new Place(rest.next(), rest));
    }
  }

  /** Returns the next label set, or null at the end. */
  public @Nullable Labels next() {
    if (places.isEmpty()) {
      return null;
    }
    Labels least = places.element().first();
    List<Place> used = new ArrayList<>(1);
    while (!places.isEmpty() && places.element().first().equals(least)) {
      used.add(places.remove());
    }
    used.forEach(place -> add(place.rest()));
    return least;
  }
}
