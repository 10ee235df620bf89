/** What is made of the head and of blocks in the background: new blocks, merged ones, and room. */
@NullMarked
package io.narthex.storage.tsdb.compaction;

import org.jspecify.annotations.NullMarked;
