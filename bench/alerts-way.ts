export async function measureWay(_rate: number, _seconds: number): Promise<Record<string, number>> { return {}; }
