package io.narthex.query.oracle;

import io.narthex.model.Labels;

/**
 * An element of an instant vector.
 *
 * @param dropName whether the metric name goes at the end of the query
 */
record Element(Labels labels, boolean dropName, double value) {
  Element withValue(double v) {
    return new Element(labels, dropName, v);
  }
}
