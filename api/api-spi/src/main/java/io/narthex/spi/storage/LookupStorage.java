package io.narthex.spi.storage;

import java.util.BitSet;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A storage that finds single recent samples by reference and time, without a search for their
 * series: a sender that got no response sends a request again, of which all may be stored.
 *
 * @since 1.5
 */
@ConsumerType
public interface LookupStorage extends Storage {
  /**
   * Returns which rows of a batch are stored with the same time and bits. It looks only where that
   * is quick: a row that is not in the result may be stored all the same. Takes time in proportion
   * to the number of rows and to the recent samples of their series; callers that have many rows
   * ask for some hundreds at a time.
   *
   * @param batch with current references; a row with a forgotten one is not in the result
   * @param rows the rows to look for
   */
  BitSet stored(SampleBatch batch, BitSet rows);
}
