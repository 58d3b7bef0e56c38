import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Sighting } from '../../src/index.js';
import { Inbox } from '../support/deadline.js';
import { Heard, Stage, WISH, type Player } from './stage.js';

const TOWN = {
  currency: 'EUR',
  classes: { standard: { tariff: { base: 250, per_km: 180, per_minute: 30 } }, van: {} },
  policy: 'nearest',
  ride_code: true,
};

const WAY = { pick_up_location: { lat: 48.1, lon: 11.5 }, drop_off_location: { lat: 48.13, lon: 11.5 } };

/** A driver who waits for offers that many degrees from the pick-up. */
async function onShift(stage: Stage, away: number): Promise<{ cab: Player; heard: Heard }> {
  const cab = await stage.enter('driver');
  const heard = Heard.by(cab.client);
  await heard.snapshots.next('a snapshot');
  await cab.client.duty.beginShift();
  await cab.client.duty.sendPosition({ lat: 48.1 + away, lon: 11.5 });
  return { cab, heard };
}

test('a driver is offered a trip, which its client receives, and the rider sees where the driver is', () =>
  Stage.set(async (stage) => {
    const rider = await stage.enter('rider');
    const { cab, heard } = await onShift(stage, 0.001);
    const [quote, ...more] = await rider.client.trips.quote(WAY);
    assert.deepEqual([quote?.class, more], ['standard', []]);
    const trip = await rider.client.trips.create({ ...WISH, ...WAY, passengers: 2, quote: quote?.id ?? '' });
    assert.deepEqual([trip.passengers, trip.quote, trip.ride_code], [2, quote?.fare, true]);
    const offer = await heard.offers.next('the offer');
    assert.deepEqual([offer.state, offer.trip.id], ['delivered', trip.id]);
    assert.deepEqual((await cab.client.duty.shift()).offer, offer);

    const seen = new Inbox<Sighting>();
    await rider.client.trips.watchPosition(trip.id, { position: (sighting) => seen.put(sighting) });
    const changes = new Inbox<string>();
    await rider.client.trips.subscribe(trip.id, { update: ({ status }) => changes.put(status) });
    await cab.client.trips.accept(trip.id);
    assert.equal((await heard.offers.next('the end of the offer')).state, 'accepted');
    assert.equal(await changes.next('the accept'), 'STARTED');
    // A while later, because no driver covers a hundred metres at once.
    const at = new Date(Date.now() + 30_000).toISOString();
    assert.equal((await cab.client.duty.sendPosition({ lat: 48.1, lon: 11.5, at, heading: 180 })).accepted, 1);
    const { pk, lat, heading } = await seen.next('the position');
    assert.deepEqual([pk, lat, heading], [trip.id, 48.1, 180]);

    await cab.client.trips.arrive(trip.id);
    const code = await rider.client.trips.rideCode(trip.id);
    await assert.rejects(cab.client.trips.start(trip.id), { status: 403, code: 'wrong-code' });
    await cab.client.trips.start(trip.id, code ?? '');
    assert.deepEqual((await cab.client.trips.complete(trip.id)).fare?.currency, 'EUR');
    assert.equal((await cab.client.duty.endShift()).seats, 4);
  }, TOWN));

test('a trip that one driver declines and another gives back is offered to a third', () =>
  Stage.set(async (stage) => {
    const rider = await stage.enter('rider');
    const cabs = [await onShift(stage, 0.001), await onShift(stage, 0.002), await onShift(stage, 0.003)] as const;
    const { id } = await rider.client.trips.create({ ...WISH, ...WAY });
    await cabs[0].heard.offers.next('the first offer');
    assert.equal((await cabs[0].cab.client.duty.decline(id)).state, 'declined');
    await cabs[1].heard.offers.next('the second offer');
    // A driver without an offer does not learn that there is such a trip.
    await assert.rejects(cabs[2].cab.client.trips.accept(id), { status: 404 });
    await cabs[1].cab.client.trips.accept(id);
    assert.equal((await cabs[1].cab.client.trips.giveBack(id, 'A flat tyre.')).status, 'REQUESTED');
    await assert.rejects(cabs[1].cab.client.trips.accept(id), { status: 403, code: 'not-offered' });
    const offer = await cabs[2].heard.offers.next('the third offer');
    assert.deepEqual([offer.state, offer.attempt, offer.trip.id], ['delivered', 2, id]);
  }, TOWN));

test('a rider who orders for later, and one who does not come', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider'), await stage.enter('driver')];
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const later = await rider.client.trips.create({ ...WISH, class: 'standard', pick_up_at: tomorrow });
    assert.deepEqual([later.status, Date.parse(later.pick_up_at ?? '')], ['SCHEDULED', Date.parse(tomorrow)]);
    const { id } = await rider.client.trips.create(WISH);
    assert.equal(await rider.client.trips.rideCode(id), null);
    await driver.client.trips.accept(id);
    await driver.client.trips.arrive(id);
    await assert.rejects(driver.client.trips.noShow(id), { status: 409, code: 'too-early' });
  }));

test('a driver with another vehicle, or off shift, is refused', () =>
  Stage.set(async (stage) => {
    const { client } = await stage.enter('driver');
    const here = { lat: 48.1, lon: 11.5 };
    await assert.rejects(client.duty.sendPosition(here), { status: 409, code: 'no-shift' });
    const shift = await client.duty.beginShift({ seats: 6 });
    await assert.rejects(client.duty.beginShift(), { status: 409, code: 'on-shift' });
    const { time, ...counts } = await client.duty.sendPositions([here, here]);
    assert.ok(!Number.isNaN(Date.parse(time)));
    assert.deepEqual(counts, {
      accepted: 1,
      late: 0,
      duplicate: 1,
      impossible: 0,
      too_old: 0,
      from_future: 0,
      invalid: 0,
      too_frequent: 0,
      on_track: 0,
    });
    assert.deepEqual(await client.duty.shift(), { shift, activity: 'available', offer: null });
  }));
