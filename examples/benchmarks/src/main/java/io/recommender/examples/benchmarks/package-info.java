/** JMH benchmarks: the library against the engines under it, and its arithmetic. */
package io.recommender.examples.benchmarks;
